// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/company_records.h"

#include <string_view>

#include "exchange_core/base/random.h"

namespace datong::benchmarks {
namespace {

constexpr std::string_view kCities[] = {"福州", "厦门", "泉州", "漳州", "莆田", "三明", "南平", "龙岩", "宁德", "平潭"};
constexpr std::string_view kDistricts[] = {"鼓楼区", "台江区", "仓山区", "马尾区", "晋安区", "长乐区",
                                           "思明区", "海沧区", "湖里区", "集美区", "同安区", "翔安区",
                                           "丰泽区", "洛江区", "荔城区", "秀屿区"};
constexpr std::string_view kStreets[] = {"五四路",   "八一七路", "华林路", "工业路",   "乌山西路", "湖东路",
                                         "金山大道", "软件大道", "中山路", "建设大街", "人民东路", "解放北路",
                                         "学园路",   "滨江大道", "新港路", "南环路",   "朝阳路",   "文化街"};
constexpr std::string_view kCharacters[] = {"恒", "泰", "鑫", "瑞", "华", "盛", "达", "信", "诚", "宏", "源", "丰",
                                            "隆", "兴", "茂", "德", "康", "宁", "远", "博", "海", "天", "龙", "凤",
                                            "金", "银", "玉", "石", "林", "森", "江", "河", "山", "川", "云", "星",
                                            "日", "月", "明", "光", "春", "夏", "秋", "东", "南", "西", "北", "中"};
constexpr std::string_view kTrades[] = {"贸易",     "建筑工程", "信息技术", "食品",     "物流",     "餐饮管理",
                                        "电子商务", "机械设备", "文化传媒", "房地产",   "医疗器械", "农业开发",
                                        "服装",     "环保科技", "汽车销售", "人力资源", "装饰设计", "教育咨询"};
constexpr std::string_view kForms[] = {"有限公司", "有限责任公司", "股份有限公司", "个人独资企业", "合伙企业"};
constexpr std::string_view kFamilyNames[] = {"陈", "林", "黄", "张", "李", "王", "吴", "刘", "郑", "杨", "蔡",   "许",
                                             "谢", "郭", "叶", "曾", "苏", "赖", "洪", "何", "邱", "江", "欧阳", "詹"};
constexpr std::string_view kStates[] = {"存续", "在业", "注销", "吊销", "迁出"};
constexpr std::string_view kMailHosts[] = {"@163.example", "@qq.example", "@126.example", "@sina.example"};
constexpr std::string_view kCodeAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr std::string_view kMailAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kDigits = "0123456789";

class RowMaker {
 public:
  explicit RowMaker(uint64_t seed) : random_(seed) {}

  template <size_t N>
  std::string_view One(const std::string_view (&of)[N]) {
    return of[random_.Below(N)];
  }
  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  void Letters(std::string_view alphabet, size_t count, std::string& out) {
    for (size_t i = 0; i < count; ++i) out.push_back(alphabet[random_.Below(alphabet.size())]);
  }
  void Number(uint64_t bound, std::string& out) { out.append(std::to_string(1 + random_.Below(bound))); }
  void TwoDigits(uint64_t value, std::string& out) {
    out.push_back(static_cast<char>('0' + value / 10));
    out.push_back(static_cast<char>('0' + value % 10));
  }

 private:
  base::SeededRandom random_;
};

}  // namespace

const std::vector<record::FieldText>& CompanyRows::Row(uint64_t number) {
  RowMaker make(base::SeededRandom(seed_ ^ number * 0x9e3779b97f4a7c15ull).Next());
  for (std::string& text : texts_) text.clear();
  std::string* text = texts_.data();
  make.Letters(kCodeAlphabet, 18, *text++);

  const std::string_view city = make.One(kCities);
  text->append(city);
  for (int i = 0; i < 3; ++i) text->append(make.One(kCharacters));
  text++->append(make.One(kTrades)).append(make.One(kForms));

  text->append(city).append("市").append(make.One(kDistricts)).append(make.One(kStreets));
  make.Number(999, *text);
  text->append("号");
  make.Number(40, *text);
  text++->append("室");

  text->append(make.One(kFamilyNames));
  for (uint64_t left = 1 + make.Below(2); left > 0; --left) text->append(make.One(kCharacters));
  ++text;
  text->append("1");
  make.Letters(kDigits, 10, *text++);
  make.Letters(kDigits, 4, *text++);
  make.Number(50'000, *text);
  text->append(".");
  make.TwoDigits(make.Below(100), *text++);
  text->append(std::to_string(1985 + make.Below(40))).append("-");
  make.TwoDigits(1 + make.Below(12), *text);
  text->append("-");
  make.TwoDigits(1 + make.Below(28), *text++);
  make.Letters(kMailAlphabet, 10 + make.Below(8), *text);
  text++->append(make.One(kMailHosts));
  make.Letters(kDigits, 15, *text++);
  text->append(make.One(kStates));

  for (size_t i = 0; i < kCompanyItems; ++i) values_[i] = texts_[i];
  return values_;
}

}  // namespace datong::benchmarks
