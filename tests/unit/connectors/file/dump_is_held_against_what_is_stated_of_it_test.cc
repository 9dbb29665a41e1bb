// SPDX-License-Identifier: Apache-2.0
// A full dump that is not what its department states of it - digest, count, date, trailer, whole last record - fails
// its unit, before any row where that can be known, and one that is complete never does.
#include <algorithm>
#include <catch2/catch.hpp>

#include "connectors/file/dump_moment.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/random.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

constexpr int64_t kHour = 3'600'000'000;
constexpr int64_t kMarch11 = 1'646'956'800'000'000;       // 2022-03-11T00:00Z
constexpr int64_t kEndOfMarch11 = kMarch11 + 16 * kHour;  // in Beijing

class OneDump {
 public:
  explicit OneDump(const std::string& name = "2022-03-11.csv") : path_(folder_.path() + "/" + name) {
    options.paths = {path_};
    options.full = true;
  }
  ReadFile Read(const std::string& bytes) {
    WriteFile(path_, bytes);
    return ReadAll(options);
  }
  void State(const std::string& ending, const std::string& content) { WriteFile(path_ + ending, content); }
  const std::string& path() const { return path_; }
  std::string folder() const { return folder_.path(); }
  FileSourceOptions options;

 private:
  tests::TemporaryDirectory folder_;
  std::string path_;
};

std::string Code(const ReadFile& all) { return all.failure.substr(0, all.failure.find(':')); }

TEST_CASE("a dump that is as stated is read, whatever editors leave around the statement") {
  OneDump dump;
  const std::string content = "a,b\n1,2\n3,4\n", hex = base::ToHex(base::Sha256(content));
  dump.options.manifest = {.sha256 = true, .count = true, .as_of = true};
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& sha256 : {hex, hex + "  2022-03-11.csv\n", "\xEF\xBB\xBF" + upper + "\r\n"}) {
    dump.State(".sha256", sha256);
    dump.State(".count", " 2\r\n");
    dump.State(".as_of", "2022-03-11T08:00:00+08:00\n");
    const ReadFile all = dump.Read(content);
    INFO(all.failure);
    CHECK(all.complete == 1);
    CHECK(all.rows.size() == 2);
    REQUIRE(all.units.size() == 1);
    CHECK(all.units[0].as_of_us == kMarch11);
  }
}

TEST_CASE("a dump with another digest hands over no row") {
  OneDump dump;
  dump.options.manifest.sha256 = true;
  const std::string stated = base::ToHex(base::Sha256("a\n1\n2\n"));
  dump.State(".sha256", stated);
  const ReadFile all = dump.Read("a\n1\n");
  CHECK(Code(all) == "digest_mismatch");
  CHECK(all.failure.find(stated) != std::string::npos);
  CHECK(all.failure.find(all.units.at(0).identity) != std::string::npos);
  CHECK(all.rows.empty());
  CHECK(all.complete == 0);
}

TEST_CASE("a dump with another count fails at its end; ragged and undecodable rows count as rows") {
  OneDump dump;
  dump.options.manifest.count = true;
  dump.State(".count", "3");
  CHECK(dump.Read("a,b\n1,2\n3\n\xff,4\n").complete == 1);
  const ReadFile all = dump.Read("a,b\n1,2\n3,4\n");
  CHECK(Code(all) == "count_mismatch");
  CHECK(all.failure.find("2 rows") != std::string::npos);
  CHECK(all.failure.find("says 3") != std::string::npos);
  CHECK(all.rows.size() == 2);
}

TEST_CASE("a declared statement that is missing, empty or no statement fails a named file") {
  OneDump dump;
  dump.options.manifest = {.sha256 = true, .count = true, .as_of = true};
  const std::string content = "a\n1\n";
  const auto code = [&] {
    const ReadFile all = dump.Read(content);
    CHECK(all.rows.empty());
    CHECK(all.units.size() == 1);
    return Code(all);
  };
  CHECK(code() == "no_manifest");
  dump.State(".sha256", " \n");
  CHECK(code() == "no_manifest");
  dump.State(".sha256", "abc");
  CHECK(code() == "bad_manifest");
  dump.State(".sha256", base::ToHex(base::Sha256(content)));
  CHECK(code() == "no_manifest");
  dump.State(".count", "about 1");
  CHECK(code() == "bad_manifest");
  dump.State(".count", "1");
  dump.State(".as_of", "yesterday");
  CHECK(code() == "bad_manifest");
  dump.State(".as_of", "20220311");
  CHECK(dump.Read(content).complete == 1);
}

TEST_CASE("the file after a failed one is read") {
  OneDump dump;
  dump.options.manifest.count = true;
  dump.options.paths.push_back(dump.folder() + "/2022-03-12.csv");
  WriteFile(dump.options.paths[1], "a\n1\n");
  WriteFile(dump.options.paths[1] + ".count", "1");
  const ReadFile all = dump.Read("a\n1\n");
  CHECK(Code(all) == "no_manifest");
  CHECK(all.complete == 1);
  CHECK(all.units.size() == 2);
}

TEST_CASE("in a watched directory a dump without its statement is waited for, and statements are no dumps") {
  OneDump dump;
  dump.options.paths.clear();
  dump.options.directory = dump.folder();
  dump.options.manifest = {.sha256 = true, .count = true};
  const std::string content = "a\n1\n";
  WriteFile(dump.path(), content);
  dump.State(".count", "1");
  const auto source = NewFileSource(dump.options, base::PosixFileSystem());
  REQUIRE(source->Open("").ok());
  sdk::SourceRead read;
  for (int i = 0; i < 3; ++i) {
    read.Clear();
    const sdk::Status waits = source->Read(read);
    CHECK(waits.retryable());
    CHECK(waits.message().find("2022-03-11.csv is not complete yet") != std::string::npos);
    CHECK_FALSE(read.unit_begun);
  }
  dump.State(".sha256", base::ToHex(base::Sha256(content)));
  size_t rows = 0, units = 0, ended = 0;
  do {
    read.Clear();
    REQUIRE(source->Read(read).ok());
    rows += read.rows.rows();
    units += read.unit_begun ? 1 : 0;
    ended += read.unit_ended ? 1 : 0;
  } while (read.idle_ms == 0);
  CHECK(rows == 1);
  CHECK(units == 1);
  CHECK(ended == 1);
}

TEST_CASE("a trailer is no row, wherever reads and windows end, and is only the last record") {
  OneDump dump;
  dump.options.trailer = "合计";
  for (const std::string ending : {"", "\n", "\r\n\r\n\n"}) {
    for (const size_t rows_per_read : {size_t{1}, size_t{2}, size_t{100}}) {
      dump.options.rows_per_read_max = rows_per_read;
      const ReadFile all = dump.Read("a,b,c\n1,2,3\n合计,5,6\n7,8,9\n合计,3" + ending);
      INFO(all.failure);
      CHECK(all.complete == 1);
      REQUIRE(all.rows.size() == 3);
      CHECK(all.rows[1].values[0] == "合计");
    }
  }
  CHECK(dump.Read("a,b\n合计\n").complete == 1);
  CHECK(dump.Read("a,b\n\"合计\",\"0\",,\n").complete == 1);
  CHECK(dump.Read("a,b\n合计,\n").complete == 1);
  dump.options.encoding = "gbk";
  const ReadFile gbk = dump.Read("a,b\n1,2\n\xBA\xCF\xBC\xC6,1\n");
  CHECK(gbk.complete == 1);
  CHECK(gbk.rows.size() == 1);
}

TEST_CASE("a trailer that says another number is a count_mismatch, a missing one a cut_off") {
  OneDump dump;
  dump.options.trailer = "END";
  CHECK(Code(dump.Read("a,b\n1,2\nEND,2\n")) == "count_mismatch");
  CHECK(Code(dump.Read("a,b\n1,2\nEND,two\n")) == "count_mismatch");
  CHECK(Code(dump.Read("a,b\n1,2\n")) == "cut_off");
  CHECK(Code(dump.Read("a,b\n1,2\nEN")) == "cut_off");
  CHECK(Code(dump.Read("a,b\n")) == "cut_off");
  CHECK(dump.Read("a,b\n1,2\n").rows.size() == 1);
  const std::string packed = Gzip("a,b\n1,2\nEND,1\n");
  CHECK(dump.Read(packed).complete == 1);
  CHECK(Code(dump.Read(packed.substr(0, packed.size() - 4))) == "cut_off");
}

TEST_CASE("a trailer is found again from every position, and the rows before it come once") {
  OneDump dump;
  dump.options.trailer = "END";
  dump.options.rows_per_read_max = 1;
  dump.options.manifest.count = true;
  dump.State(".count", "3");
  const ReadFile all = dump.Read("a,b\n1,2\nEND,5\n3,4\nEND,3\n");
  REQUIRE(all.rows.size() == 3);
  for (size_t i = 0; i < all.rows.size(); ++i) {
    const ReadFile rest = ReadAll(dump.options, all.rows[i].position);
    CHECK(rest.complete == 1);
    REQUIRE(rest.rows.size() == all.rows.size() - i - 1);
    for (size_t k = 0; k < rest.rows.size(); ++k) CHECK(rest.rows[k] == all.rows[i + 1 + k]);
  }
  CHECK(ReadAll(dump.options, all.position).units.empty());
}

TEST_CASE("a trailer that no reader could find is refused") {
  OneDump dump("2022-03-11.jsonl");
  dump.options.trailer = "END";
  CHECK(dump.Read("{}\n").status_code == "bad_options");
  dump.options.encoding = "gbk";
  dump.options.trailer = "\xF0\x9F\x98\x80";
  CHECK(dump.Read("{}\n").status_code == "bad_options");
}

TEST_CASE("a short last record without line end is cut_off in full mode only") {
  OneDump dump;
  for (const RaggedRows ragged : {RaggedRows::kUnreadable, RaggedRows::kPad}) {
    dump.options.ragged = ragged;
    const ReadFile all = dump.Read("a,b,c\n1,2,3\n4,5");
    CHECK(Code(all) == "cut_off");
    CHECK(all.rows.size() == 1);
    CHECK(all.complete == 0);
  }
  dump.options.ragged = RaggedRows::kUnreadable;
  CHECK(dump.Read("a,b,c\n1,2,3\n4,5\n").rows.size() == 2);  // a ragged row like any other
  CHECK(dump.Read("a,b,c\n1,2,3\n4,5,6").complete == 1);
  CHECK(dump.Read("a,b,c\n1,2,3\n4,5,6").rows.size() == 2);
  CHECK(dump.Read("a,b,c").complete == 1);
  dump.options.full = false;
  const ReadFile append = dump.Read("a,b,c\n1,2,3\n4,5");
  CHECK(append.complete == 1);
  CHECK(append.rows.size() == 2);
  CHECK(append.rows[1].unreadable == "ragged_row");
}

TEST_CASE("a last JSON line without line end that is no object is cut_off in full mode only") {
  OneDump dump("2022-03-11.jsonl");
  CHECK(dump.Read("{\"a\":1}\n{\"a\":2}").complete == 1);
  CHECK(Code(dump.Read("{\"a\":1}\n{\"a\":")) == "cut_off");
  CHECK(dump.Read("{\"a\":1}\n{\"a\":\n").rows.size() == 2);
  dump.options.full = false;
  CHECK(dump.Read("{\"a\":1}\n{\"a\":").complete == 1);
}

// What no look at the file can tell is whether its very last value is whole; a trailer or a count can.
TEST_CASE("no cut of a dump makes up a row that lacks more than its last value") {
  OneDump dump;
  base::SeededRandom random(TestSeed(5));
  std::string text = "id,note,x\n";
  std::vector<size_t> ends = {text.size()};
  for (int i = 0; i < 40; ++i) {
    text += std::to_string(random.Below(100000)) + ",\"x,\n\"\"y" + std::to_string(random.Below(10)) + "\",z\n";
    ends.push_back(text.size());
  }
  const ReadFile whole = dump.Read(text);
  REQUIRE(whole.rows.size() == 40);
  for (size_t cut = ends[0]; cut < text.size(); ++cut) {
    const ReadFile part = dump.Read(text.substr(0, cut));
    INFO(cut);
    const size_t lacks = *std::lower_bound(ends.begin(), ends.end(), cut) - cut;
    CHECK(part.complete == (lacks <= 2 ? 1u : 0u));
    if (lacks > 2) CHECK(Code(part) == "cut_off");
    const size_t sure = lacks == 2 ? part.rows.size() - 1 : part.rows.size();
    for (size_t i = 0; i < sure; ++i) CHECK(part.rows[i] == whole.rows[i]);
  }
}

TEST_CASE("the date in a name is the end of its day in Beijing, or the moment it goes on to say") {
  for (const char* name :
       {"2022-03-11.csv", "20220311.csv.gz", "companies_2022_03_11.csv", "企业2022年3月11日.csv", "v2.2022.03.11.csv",
        "350100-20220311-001.csv", "20220311_0001.csv", "91350100M000100Y43 2022-03-11 2022-03-12.csv",
        "20220311-20220318.csv", "2022-03-11_250000.csv", "2022-03-11_01.csv", "20220230_20220311.csv"}) {
    INFO(name);
    CHECK(MomentInName(name) == kEndOfMarch11);
  }
  for (const char* name : {"20220311T1830.csv", "20220311183000.csv", "202203111830.csv", "2022-03-11_18-30-00.csv",
                           "2022-03-11T18-30.csv", "2022-03-11 18:30.csv", "d.2022_03_11_183000.csv.gz",
                           "20220311T103000Z.csv", "2022-03-11T18:30:00+0800.csv", "2022-03-11T10:30:00+00:00"}) {
    INFO(name);
    CHECK(MomentInName(name) == kMarch11 + 10 * kHour + kHour / 2);
  }
  for (const char* name : {"companies.csv", "91350100.csv", "2022.csv", "202203.csv", "20220230.csv", "2022-3-11.csv",
                           "120220311.csv", "202203119.csv", "2022-03-111.csv", "21000101.csv", ""}) {
    INFO(name);
    CHECK_FALSE(MomentInName(name));
  }
  CHECK(MomentFromText("2022-03-11T18:30:00.250000+08:00") == kMarch11 + 10 * kHour + kHour / 2 + 250'000);
  CHECK_FALSE(MomentFromText("2022-03-11.csv"));
  CHECK_FALSE(MomentFromText(" 2022-03-11"));
}

TEST_CASE("a dump whose name should hold a date and does not fails; the others tell it") {
  OneDump dump("companies.csv");
  dump.options.as_of_in_name = true;
  const ReadFile all = dump.Read("a\n1\n");
  CHECK(Code(all) == "no_as_of");
  CHECK(all.rows.empty());
  OneDump dated;
  CHECK(dated.Read("a\n1\n").units.at(0).as_of_us == 0);
  dated.options.as_of_in_name = true;
  CHECK(dated.Read("a\n1\n").units.at(0).as_of_us == kEndOfMarch11);
  dated.options.manifest.as_of = true;
  CHECK(dated.Read("a\n1\n").status_code == "bad_options");
}

}  // namespace
}  // namespace datong::file
