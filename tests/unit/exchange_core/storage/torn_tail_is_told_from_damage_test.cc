// SPDX-License-Identifier: Apache-2.0
// A last write that power left unfinished is forgotten, whatever sectors of it arrived; a damaged byte is refused by
// name and offset, never taken for the end of the log, and the directory stays as it was found.
#include <cstdlib>
#include <vector>

#include "exchange_core/storage/crc32c.h"
#include "exchange_core/storage/torn_tail.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/exchange_core/storage/row_store_fixture.h"

namespace datong::storage {
namespace {

using Catch::Matchers::Contains;
using tests::TemporaryDirectory;
using Kind = LogTail::Kind;

constexpr size_t kSector = 512;

struct Crashed {
  std::map<std::string, std::string> files;
  std::string log;             // its name
  std::vector<size_t> begins;  // where in the log each row's record begins, and the end of the log
  std::string& content() { return files[log]; }
};

// Rows of these sizes, each in a write of its own, and the files as a killed process leaves them.
Crashed CrashedWith(const std::vector<size_t>& sizes) {
  const TemporaryDirectory folder;
  RowStoreOptions options{.directory = folder.Path("rows")};
  options.create_if_missing = true;
  const RowStore rows = Opened(options);
  Crashed crashed;
  crashed.begins.push_back(0);
  for (uint64_t i = 0; i < sizes.size(); ++i) {
    REQUIRE(PutSynced(*rows, i, sizes[i]).ok());
    crashed.log = NameWith(FilesIn(options.directory), ".log");
    crashed.begins.push_back(std::filesystem::file_size(options.directory + "/" + crashed.log));
  }
  crashed.files = FilesIn(options.directory);
  return crashed;
}

class Reopening {
 public:
  // OK: opened, and rows [0, kept) are there and no others.
  absl::Status Try(const std::map<std::string, std::string>& files, const std::vector<size_t>& sizes, size_t kept) {
    Restore(options_.directory, files);
    const auto rows = OpenRowStore(options_);
    if (!rows.ok()) {
      CHECK(FilesIn(options_.directory) == files);
      return rows.status();
    }
    for (uint64_t i = 0; i < sizes.size(); ++i) CHECK(Holds(**rows, i, sizes[i]) == (i < kept));
    return absl::OkStatus();
  }

 private:
  const TemporaryDirectory folder_;
  const RowStoreOptions options_{.directory = folder_.Path("rows")};
};

void Zero(std::string& content, size_t from, size_t to) { content.replace(from, to - from, to - from, '\0'); }

TEST_CASE("the checksum is the one of RocksDB's logs") {
  CHECK(Crc32c("123456789") == 0xE3069283);
  CHECK(Crc32c("") == 0);
}

TEST_CASE("an unfinished last write is forgotten, and what was there before it is kept") {
  const std::vector<size_t> sizes = {100, 3000, 50, 90'000};
  const Crashed crashed = CrashedWith(sizes);
  const size_t begins = crashed.begins[3];
  const size_t ends = crashed.begins[4];
  Reopening reopening;
  CHECK(reopening.Try(crashed.files, sizes, 4).ok());
  const auto damaged = [&](auto damage) {
    Crashed copy = crashed;
    damage(copy.content());
    return reopening.Try(copy.files, sizes, 3);
  };
  const size_t second_sector = (begins / kSector + 1) * kSector;
  CHECK(damaged([&](auto& log) { Zero(log, begins, second_sector); }).ok());
  CHECK(damaged([&](auto& log) { Zero(log, second_sector, second_sector + kSector); }).ok());
  CHECK(damaged([&](auto& log) { Zero(log, 65'536, 65'536 + kSector); }).ok());
  CHECK(damaged([&](auto& log) { Zero(log, ends - ends % kSector, ends); }).ok());
  CHECK(damaged([&](auto& log) { Zero(log, begins, ends); }).ok());
  for (const size_t left : {1, 6, 7, 8, 500, 60'000}) {
    CHECK(damaged([&](auto& log) { log.resize(begins + left); }).ok());
  }
  CHECK(damaged([&](auto& log) {
          Zero(log, second_sector, second_sector + kSector);
          log.resize(ends - 1000);
        }).ok());
}

TEST_CASE("any choice of sectors of the last write may be missing") {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'261'123;
  INFO("DATONG_SEED=" << seed);
  base::SeededRandom random(seed);
  for (int round = 0; round < 40; ++round) {
    const std::vector<size_t> sizes = {1 + random.Below(2000), 1 + random.Below(40'000), 1 + random.Below(80'000)};
    const Crashed crashed = CrashedWith(sizes);
    std::string log = crashed.files.at(crashed.log);
    if (random.Below(2) == 0) log.resize(crashed.begins[2] + random.Below(log.size() - crashed.begins[2]));
    for (size_t at = crashed.begins[2]; at < log.size();) {
      const size_t next = std::min((at / kSector + 1) * kSector, log.size());
      if (random.Below(3) == 0) Zero(log, at, next);
      at = next;
    }
    const LogTail tail = ReadLogTail(log);
    if (log.size() == crashed.begins[2] || log == crashed.files.at(crashed.log)) {
      CHECK(tail.kind == Kind::kWhole);
    } else {
      CHECK(tail.kind == Kind::kTorn);
      CHECK(tail.at == crashed.begins[2]);
    }
  }
}

TEST_CASE("a gap with a whole record behind it is damage") {
  const std::vector<size_t> sizes = {100, 90'000, 700};
  const Crashed crashed = CrashedWith(sizes);
  Reopening reopening;
  for (const size_t at : {kSector, size_t{65'536}}) {
    Crashed copy = crashed;
    Zero(copy.content(), at, at + kSector);
    const absl::Status refused = reopening.Try(copy.files, sizes, 0);
    CHECK(absl::IsDataLoss(refused));
    CHECK_THAT(std::string(refused.message()),
               Contains(crashed.log + ", offset " + std::to_string(crashed.begins[1]) + ":"));
  }
}

TEST_CASE("a flipped bit anywhere in a log is damage") {
  for (const auto& sizes : std::vector<std::vector<size_t>>{{40, 300, 20}, {90, 1, 33'000, 60}, {33'000}}) {
    const Crashed crashed = CrashedWith(sizes);
    for (const std::string& name : {crashed.log, NameWith(crashed.files, "MANIFEST")}) {
      std::string log = crashed.files.at(name);
      REQUIRE(ReadLogTail(log).kind == Kind::kWhole);
      size_t blind = 0;
      // Every bit where it is quick, else of every 97th byte and of the last ones.
      for (size_t at = 0; at < log.size(); at += log.size() < 2000 || at + 150 > log.size() ? 1 : 97) {
        for (int bit = 0; bit < 8; ++bit) {
          log[at] = static_cast<char>(log[at] ^ (1 << bit));
          if (ReadLogTail(log).kind != Kind::kDamaged) ++blind;
          log[at] = static_cast<char>(log[at] ^ (1 << bit));
        }
      }
      CHECK(blind == 0);
    }
  }
}

TEST_CASE("a store with a flipped byte in its logs is refused by name, and left as it is") {
  const std::vector<size_t> sizes = {40, 120, 20};
  const Crashed crashed = CrashedWith(sizes);
  Reopening reopening;
  for (const std::string& name : {crashed.log, NameWith(crashed.files, "MANIFEST")}) {
    for (size_t at = 0; at < crashed.files.at(name).size(); ++at) {
      Crashed copy = crashed;
      copy.files[name][at] = static_cast<char>(copy.files[name][at] ^ 0x04);
      const absl::Status refused = reopening.Try(copy.files, sizes, 0);
      INFO(name << ", byte " << at << ": " << refused);
      REQUIRE(absl::IsDataLoss(refused));
      REQUIRE_THAT(std::string(refused.message()), Contains(name + ", offset "));
    }
  }
}

TEST_CASE("an unfinished record is not forgiven once a younger log has records") {
  const std::vector<size_t> sizes = {100, 3000};
  const Crashed crashed = CrashedWith(sizes);
  Reopening reopening;
  Crashed copy = crashed;
  copy.content().resize(copy.content().size() - 1);
  copy.files["999999.log"] = "";
  CHECK(reopening.Try(copy.files, sizes, 1).ok());
  copy.files["999999.log"] = crashed.files.at(crashed.log);
  const absl::Status refused = reopening.Try(copy.files, sizes, 0);
  CHECK(absl::IsDataLoss(refused));
  CHECK_THAT(std::string(refused.message()), Contains(crashed.log) && Contains("999999.log"));
}

TEST_CASE("the last change of the MANIFEST may be unfinished too") {
  const std::vector<size_t> sizes = {100, 200};
  const Crashed crashed = CrashedWith(sizes);
  const std::string manifest = NameWith(crashed.files, "MANIFEST");
  Reopening reopening;
  Crashed copy = crashed;
  copy.files[manifest] += std::string(300, '\0');  // the length came, the bytes did not
  CHECK(reopening.Try(copy.files, sizes, 2).ok());
}

}  // namespace
}  // namespace datong::storage
