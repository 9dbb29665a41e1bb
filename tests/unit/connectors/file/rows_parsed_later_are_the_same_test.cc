// SPDX-License-Identifier: Apache-2.0
// A CSV row that is handed over unparsed, and parsed when somebody needs it, is the row that would have been handed
// over parsed: whatever stands in the file, and however it comes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "connectors/file/csv_reader.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/random.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

class Pieces final : public ByteStream {
 public:
  Pieces(const std::string& content, size_t piece_max) : content_(content), piece_max_(piece_max) {}
  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const size_t got = content_.copy(out, std::min(size, piece_max_), at_);
    at_ += got;
    return got;
  }
  absl::StatusOr<uint64_t> SkipTowards(uint64_t offset) override { return at_ = offset; }
  uint64_t stored_bytes_read() const override { return at_; }

 private:
  const std::string& content_;
  const size_t piece_max_;
  size_t at_ = 0;
};

struct Description {
  FileSourceOptions options;
  Encoding encoding = Encoding::kUtf8;
};

// A line for each row and each end, with all that can be told of it.
std::vector<std::string> ReadContent(const std::string& content, size_t piece_max, size_t rows_max,
                                     const Description& description, bool unparsed, base::RandomSource& random) {
  CsvReader reader(std::make_unique<Pieces>(content, piece_max), "f.csv", description.options, description.encoding,
                   description.options.delimiter);
  std::vector<std::string> seen;
  RowReader::Progress progress{};
  do {
    const sdk::Status begun = reader.Begin(progress);
    if (!begun.ok()) return {begun.code() + ": " + begun.message()};
  } while (progress == RowReader::Progress::kMore);
  sdk::RowBatch rows;
  do {
    rows.Clear();
    if (unparsed) rows.AllowUnparsed();
    const sdk::Status read = reader.ReadRows(rows_max, size_t{1} << 20, rows, progress);
    std::vector<size_t> order(rows.rows());
    for (size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
      std::swap(order[i], order[random.Below(i + 1)]);
      const bool too_large =
          rows.is_parsed(i) && rows.unreadable(i) != nullptr && rows.unreadable(i)->reason == "too_large";
      if (rows.is_parsed(i) == unparsed && !too_large) FAIL("row " << rows.row_number(i) << " is parsed too early");
    }
    for (const size_t row : order) rows.Parse(row);
    for (size_t row = 0; row < rows.rows(); ++row) {
      std::string line = std::to_string(rows.row_number(row)) + " [" + std::string(rows.raw(row)) + "]";
      if (const auto* bad = rows.unreadable(row)) line += " " + bad->reason + ": " + bad->detail;
      for (size_t i = 0; i < rows.width(row); ++i) {
        const auto value = rows.value(row, i);
        line += value ? " <" + std::string(*value) + ">" : " absent";
      }
      seen.push_back(line);
    }
    if (rows_max == 1) {
      seen.push_back("at " + std::to_string(reader.place().offset) + " behind " + std::to_string(reader.place().row));
    }
    if (!read.ok()) {
      seen.push_back(read.code() + ": " + read.message());
      break;
    }
  } while (progress == RowReader::Progress::kMore);
  seen.push_back("ends at " + std::to_string(reader.place().offset) + " with " +
                 std::to_string(rows.unreadable_rows()) + " unreadable");
  return seen;
}

Description RandomDescription(base::RandomSource& random) {
  Description description;
  constexpr std::string_view kDelimiters = ",;|A~", kQuotes("\"\"'\0", 4);
  FileSourceOptions& options = description.options;
  options.delimiter = kDelimiters[random.Below(kDelimiters.size())];
  options.quote = kQuotes[random.Below(kQuotes.size())];
  options.header = random.Below(4) != 0;
  options.title_lines = static_cast<uint32_t>(random.Below(2));
  options.ragged = random.Below(2) == 0 ? RaggedRows::kPad : RaggedRows::kUnreadable;
  options.full = random.Below(2) == 0;
  if (random.Below(4) == 0) options.trailer = "END";
  constexpr Encoding kEncodings[] = {Encoding::kUtf8, Encoding::kGb18030, Encoding::kGbk};
  description.encoding = kEncodings[random.Below(3)];
  return description;
}

// Mostly rows as they are meant; and everything that can stand in the wrong place.
std::string RandomContent(const Description& description, base::RandomSource& random) {
  const FileSourceOptions& options = description.options;
  const std::string delimiter(1, options.delimiter), quote(1, options.quote == '\0' ? '"' : options.quote);
  const std::vector<std::string> parts = {"a",    "12",       "a value of some length",
                                          "é",    "张",       "\xD5\xC5",
                                          "\xFF", "\x81\x30", "\x81\x30\x81\x30",
                                          quote,  quote,      quote + "b" + delimiter + "\n" + quote + quote + quote,
                                          "\r",   "END",      "\x81\x30\n"};
  const std::vector<std::string> ends = {"\n", "\n", "\n", "\r\n", "\r", "\n\n"};
  const uint64_t messy = random.Below(3);  // parts of ten that are not plain
  std::string content;
  if (options.title_lines != 0) content += "a title\n";
  if (options.header) content += "x" + delimiter + "y" + delimiter + "z\n";
  for (uint64_t rows = random.Below(12); rows > 0; --rows) {
    for (uint64_t fields = random.Below(8) == 0 ? 1 + random.Below(5) : 3; fields > 0; --fields) {
      for (uint64_t some = random.Below(4); some > 0; --some) {
        content += random.Below(10) < messy ? parts[random.Below(parts.size())] : parts[random.Below(3)];
      }
      if (fields > 1) content += delimiter;
    }
    if (rows > 1 || random.Below(2) == 0) content += ends[random.Below(ends.size())];
  }
  if (!options.trailer.empty() && random.Below(2) == 0) content += "\nEND" + delimiter + "3\n\n";
  return content;
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[static_cast<uint8_t>(c) >> 4], kDigits[static_cast<uint8_t>(c) & 15]};
  }
  return hex;
}

TEST_CASE("whatever a file holds, rows parsed later are those parsed at once") {
  base::SeededRandom random(TestSeed(base::SystemRandom().Next()));
  size_t rows = 0, unreadable = 0, failed = 0;
  for (int round = 0; round < 30'000; ++round) {
    const Description description = RandomDescription(random);
    const std::string content = RandomContent(description, random);
    const size_t rows_max = random.Below(2) == 0 ? 1 : 1'000;
    const auto at_once = ReadContent(content, 1'000, rows_max, description, false, random);
    const auto later = ReadContent(content, 1 + random.Below(40), rows_max, description, true, random);
    if (at_once != later) {
      const auto [a, b] = std::mismatch(at_once.begin(), at_once.end(), later.begin(), later.end());
      FAIL("round " << round << ", content " << Hex(content) << "\n"
                    << (a == at_once.end() ? "the end" : *a) << "\nis later\n"
                    << (b == later.end() ? "the end" : *b));
    }
    rows += at_once.size();
    for (const std::string& line : at_once) {
      unreadable += line.find(" encoding: ") != std::string::npos || line.find(" ragged_row: ") != std::string::npos;
      failed += line.substr(0, 7) == "cut_off";
    }
  }
  CHECK(rows > 30'000);
  CHECK(unreadable > 3'000);
  CHECK(failed > 1'000);
}

TEST_CASE("a record that is too large is one all the same, and ends where it ends") {
  base::RandomSource& random = base::SystemRandom();
  const std::string large = "c2," + std::string(base::kRecordBytesMax, 'x');
  for (const std::string& record : {large, "\"" + large + "\",\n\",y\"", large + "\"\"", "c2," + large + "\r"}) {
    const std::string content = "code,name\nc1,a\n" + record + "\nc3,b\n";
    Description description;
    description.options.delimiter = ',';
    const auto at_once = ReadContent(content, content.size(), 1'000, description, false, random);
    const bool same = at_once == ReadContent(content, size_t{100} << 10, 1'000, description, true, random);
    CHECK(same);  // nobody wants to see these
    CHECK(std::count_if(at_once.begin(), at_once.end(),
                        [](const std::string& line) { return line.find(" too_large: ") != std::string::npos; }) == 1);
  }
}

TEST_CASE("a file source says what its rows are read by") {
  const auto reading_of = [](FileSourceOptions options, const std::string& name, const std::string& content) {
    const tests::TemporaryDirectory directory;
    options.paths = {directory.path() + "/" + name};
    WriteFile(options.paths[0], content);
    return ReadAll(options).units.at(0).reading;
  };
  const std::string plain = reading_of({}, "reading.csv", "a,b\n1,2\n");
  CHECK_FALSE(plain.empty());
  CHECK(reading_of({}, "reading.csv", "a,c\n3,4\n") == plain);  // what feeds what is the runner's to know
  FileSourceOptions other;
  other.delimiter = ';';
  CHECK(reading_of(other, "reading.csv", "a;b\n1;2\n") != plain);
  other = {};
  other.quote = '\'';
  CHECK(reading_of(other, "reading.csv", "a,b\n1,2\n") != plain);
  other = {};
  other.encoding = "gb18030";
  CHECK(reading_of(other, "reading.csv", "a,b\n1,2\n") != plain);
  other = {};
  other.ragged = RaggedRows::kPad;
  CHECK(reading_of(other, "reading.csv", "a,b\n1,2\n") != plain);
  CHECK(reading_of({}, "reading.csv", "a,b,c\n1,2,3\n") != plain);
  CHECK(reading_of({}, "reading.jsonl", "{\"a\":\"1\"}\n").empty());
}

}  // namespace
}  // namespace datong::file
