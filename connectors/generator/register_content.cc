// SPDX-License-Identifier: Apache-2.0
#include "connectors/generator/register_content.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <span>

#include "connectors/generator/valid_codes.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/random.h"

namespace datong::generator {
namespace {

using base::SeededRandom;
using Words = std::span<const std::string_view>;

// What a draw is for; keeps the streams of random numbers apart.
enum Purpose : uint64_t { kCompany = 1, kCompanyRevision, kCertificate, kDivision, kSpelling };

constexpr std::array<std::string_view, 31> kProvinceCodes = {
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"};
constexpr std::array<std::string_view, 24> kPlaceSyllables = {"安", "柏", "澄", "川", "丰", "谷", "海", "和",
                                                              "江", "临", "岭", "宁", "平", "清", "泉", "山",
                                                              "石", "田", "万", "文", "溪", "阳", "云", "竹"};
constexpr std::array<std::string_view, 20> kBrandSyllables = {"博", "诚", "达", "鼎", "恒", "宏", "华",
                                                              "汇", "金", "巨", "联", "明", "启", "瑞",
                                                              "盛", "泰", "同", "信", "远", "智"};
constexpr std::array<std::string_view, 12> kTrades = {"电子科技", "食品",     "建筑工程", "物流",
                                                      "农业发展", "医疗器械", "文化传播", "商贸",
                                                      "机械制造", "环保技术", "软件",     "餐饮管理"};
constexpr std::array<std::string_view, 5> kCompanyTypes = {"有限责任公司", "有限责任公司(自然人独资)", "股份有限公司",
                                                           "个人独资企业", "有限合伙企业"};
constexpr std::array<std::string_view, 16> kSurnames = {"陈", "邓", "冯", "高", "郭", "何", "胡", "李",
                                                        "林", "刘", "孙", "王", "吴", "徐", "张", "周"};
constexpr std::array<std::string_view, 14> kBusiness = {"技术开发、技术咨询、技术服务",
                                                        "食品销售(凭许可证经营)",
                                                        "道路货物运输",
                                                        "建筑材料批发, 零售",
                                                        "计算机软硬件及配件",
                                                        "农产品的种植、加工",
                                                        "第二类医疗器械销售",
                                                        "会议及展览服务",
                                                        "机械设备租赁",
                                                        "环境保护专用设备制造",
                                                        "餐饮服务",
                                                        "货物进出口",
                                                        "广告设计、发布",
                                                        "\"互联网+\"信息服务"};
constexpr std::array<std::string_view, 6> kCertificateTypes = {
    "食品经营许可证", "道路运输经营许可证", "建筑业企业资质证书", "医疗器械经营备案证", "排污许可证", "安全生产许可证"};
constexpr std::array<std::string_view, 4> kCityEndings = {"市", "地区", "州", "盟"};
constexpr std::array<std::string_view, 4> kCountyEndings = {"县", "区", "市", "新区"};

std::string_view Pick(SeededRandom& random, Words words) { return words[random.Below(words.size())]; }

std::string Joined(SeededRandom& random, Words syllables, size_t count) {
  std::string word;
  for (size_t i = 0; i < count; ++i) word += Pick(random, syllables);
  return word;
}

std::string Padded(uint64_t number, int digits) {
  char text[24];
  std::snprintf(text, sizeof text, "%0*llu", digits, static_cast<unsigned long long>(number));
  return text;
}

std::string DateText(int64_t days_since_1970, uint64_t spelling) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days_since_1970}}};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
  constexpr std::array<const char*, 4> kForms = {"%04d-%02u-%02u", "%04d%02u%02u", "%04d/%u/%u", "%04d年%u月%u日"};
  // Most of a register is written in one form.
  const uint64_t form = spelling % 8 < 3 ? spelling % 8 + 1 : 0;
  char text[32];
  std::snprintf(text, sizeof text, kForms[form], year, month, day);
  return text;
}

int64_t DayBetween(SeededRandom& random, int first_year, int last_year) {
  using std::chrono::January;
  const auto first = std::chrono::sys_days{std::chrono::year{first_year} / January / 1};
  const auto end = std::chrono::sys_days{std::chrono::year{last_year + 1} / January / 1};
  return first.time_since_epoch().count() +
         static_cast<int64_t>(random.Below(static_cast<uint64_t>((end - first).count())));
}

// Where a division stands: city and county 0 = the province itself, county 0 = the city itself.
struct DivisionPlace {
  uint64_t province, city, county;
};

DivisionPlace PlaceOf(uint64_t number) {
  DATONG_CHECK(number < kDivisionsInAll);
  const uint64_t inside = number % 101;  // the province, then ten times a city and its nine counties
  if (inside == 0) return {number / 101, 0, 0};
  return {number / 101, 1 + (inside - 1) / 10, (inside - 1) % 10};
}

uint64_t NumberOfCounty(uint64_t draw) {
  const uint64_t province = draw % 31, city = draw / 31 % 10, county = draw / 310 % 9;
  return province * 101 + 1 + city * 10 + 1 + county;
}

std::string DivisionCode(const DivisionPlace& place) {
  return std::string(kProvinceCodes[place.province]) + Padded(place.city, 2) + Padded(place.county, 2);
}

std::string DivisionName(uint64_t seed, uint64_t number, uint32_t revision) {
  SeededRandom random(Mixed(seed, kDivision, number));
  const DivisionPlace place = PlaceOf(number);
  const std::string stem = Joined(random, kPlaceSyllables, 2);
  if (place.city == 0) return stem + (revision % 2 == 0 ? "省" : "自治区");
  return stem + std::string(place.county == 0 ? kCityEndings[revision % 4] : kCountyEndings[revision % 4]);
}

std::string RegionOfCompany(uint64_t seed, uint64_t number) {
  return DivisionCode(PlaceOf(NumberOfCounty(Mixed(seed, kCompany, number, 1))));
}

std::string Scope(SeededRandom& random) {
  std::string scope = "一般项目:";
  const uint64_t parts = 2 + random.Below(5);
  for (uint64_t i = 0; i < parts; ++i) {
    // Some departments' systems let people press the return key.
    if (i > 0) scope += random.Below(60) == 0 ? ";\n" : ";";
    scope += Pick(random, kBusiness);
  }
  return scope + "。";
}

void FillCompany(const RowPlace& place, std::vector<std::string>& values) {
  SeededRandom stable(Mixed(place.seed, kCompany, place.number));
  SeededRandom changing(Mixed(place.seed, kCompanyRevision, place.number, place.revision));
  const uint64_t county = NumberOfCounty(Mixed(place.seed, kCompany, place.number, 1));
  const DivisionPlace where = PlaceOf(county);
  const std::string city = DivisionName(place.seed, where.province * 101 + 1 + (where.city - 1) * 10, 0);
  const std::string region = DivisionCode(where);
  values.resize(9);
  // One draw per statement: compilers differ in which operand of a sum they draw first.
  const std::string_view trade = Pick(stable, kTrades);
  const uint64_t brand_syllables = 2 + stable.Below(2);
  values[0] = city + Joined(stable, kBrandSyllables, brand_syllables) + std::string(trade) + "有限公司";
  values[1] = MakeSocialCreditCode(region, place.number);
  values[2] = DateText(DayBetween(stable, 1985, 2023), place.spelling);
  values[3] = Pick(stable, kCompanyTypes);
  // Capital grows with each revision, so that neighbouring revisions differ for certain. The unit is 10 000 yuan.
  const uint64_t capital_cents = (10 + stable.Below(500)) * 1000 + place.revision * 5000;
  const uint64_t name_syllables = 1 + changing.Below(2);
  const std::string given_name = Joined(changing, kBrandSyllables, name_syllables);
  values[4] = std::string(Pick(changing, kSurnames)) + given_name;
  values[5] = std::to_string(capital_cents / 100) + "." + Padded(capital_cents % 100, 2);
  values[6] = Scope(changing);
  values[7] = region;
  const uint64_t house = 1 + changing.Below(999);
  values[8] = city + DivisionName(place.seed, county, 0) + Joined(changing, kPlaceSyllables, 2) + "路" +
              std::to_string(house) + "号";
}

void FillCertificate(const RowPlace& place, std::vector<std::string>& values) {
  SeededRandom random(Mixed(place.seed, kCertificate, place.number));
  const uint64_t company = random.Below(place.companies);
  const std::string region = RegionOfCompany(place.seed, company);
  const int64_t issued = DayBetween(random, 2019, 2023);
  values.resize(5);
  values[0] = "JY1" + region + Padded(place.number, 10);
  values[1] = MakeSocialCreditCode(region, company);
  values[2] = Pick(random, kCertificateTypes);
  values[3] = DateText(issued, place.spelling);
  values[4] = DateText(issued + 365 * static_cast<int64_t>(1 + random.Below(5)) - 1, place.spelling);
}

void FillDivision(const RowPlace& place, std::vector<std::string>& values) {
  const DivisionPlace where = PlaceOf(place.number);
  values.resize(3);
  values[0] = DivisionCode(where);
  values[1] = DivisionName(place.seed, place.number, place.revision);
  if (where.city == 0) {
    values[2].clear();
  } else {
    values[2] = DivisionCode({where.province, where.county == 0 ? 0 : where.city, 0});
  }
}

}  // namespace

uint64_t Mixed(uint64_t seed, uint64_t first, uint64_t second, uint64_t third) {
  uint64_t mixed = SeededRandom(seed).Next();
  mixed = SeededRandom(mixed ^ first).Next();
  mixed = SeededRandom(mixed ^ second).Next();
  return SeededRandom(mixed ^ third).Next();
}

const RegisterShape& ShapeOf(Register which) {
  static const RegisterShape* const kCompanies = new RegisterShape{
      "companies",
      false,
      {"企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表", "注册资金", "经营范围", "地区", "注册地址"},
      1,
      2,
      {}};
  // As a spreadsheet saves it.
  static const RegisterShape* const kCertificates = new RegisterShape{
      "certificates", true, {"证照编号", "统一社会信用代码", "证照类型", "签发日期", "有效期至"}, 0, 3, {"\r\n", true}};
  static const RegisterShape* const kDivisions =
      new RegisterShape{"divisions", false, {"区划代码", "名称", "上级"}, 0, SIZE_MAX, {}};
  switch (which) {
    case Register::kCompanies:
      return *kCompanies;
    case Register::kCertificates:
      return *kCertificates;
    case Register::kDivisions:
      return *kDivisions;
  }
  DATONG_CHECK(!"no such register");
}

void FillRow(Register which, const RowPlace& place, std::vector<std::string>& values) {
  switch (which) {
    case Register::kCompanies:
      return FillCompany(place, values);
    case Register::kCertificates:
      return FillCertificate(place, values);
    case Register::kDivisions:
      return FillDivision(place, values);
  }
  DATONG_CHECK(!"no such register");
}

}  // namespace datong::generator
