// SPDX-License-Identifier: Apache-2.0
// A source remembers what the rows of its last full dump became: whatever came, went, moved, was damaged or lost
// meanwhile costs it some of that memory, and never gives a row another's claim.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "connectors/runner/remembered_rows.h"
#include "connectors/runner/row_recorder.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"
#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"

namespace datong::runner {
namespace {

constexpr base::Digest kMeaning{11, 12};

base::Digest SignatureOf(uint64_t row) { return {row * 0x9E3779B97F4A7C15u, row}; }
record::RecordClaim ClaimOf(uint64_t row) { return {{row, 1}, {row, 2}, static_cast<int64_t>(row % 3), 0}; }

std::vector<uint64_t> Rows(uint64_t count) {
  std::vector<uint64_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// The file that two dumps share.
struct Memory {
  base::FileSystem& files;
  const std::string path;
};

// Reads a dump of `rows` along with the memory of the last one. The answer: how many rows were remembered.
uint64_t ReadDump(const Memory& memory, const std::vector<uint64_t>& rows, bool complete = true,
                  const base::Digest& meaning = kMeaning, bool from_first_row = true) {
  RememberedRows last(memory.files, memory.path, meaning);
  RowRecorder next(memory.files, memory.path, meaning, from_first_row);
  uint64_t remembered = 0;
  constexpr size_t kRowsAtOnce = 1'777;
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const std::span some = std::span(rows).subspan(begin, std::min(kRowsAtOnce, rows.size() - begin));
    std::vector<base::Digest> signatures;
    for (const uint64_t row : some) signatures.push_back(SignatureOf(row));
    record::RecordClaims claims;
    std::vector<uint8_t> known;
    last.Recall(signatures, claims, known);
    for (size_t i = 0; i < some.size(); ++i) {
      if (known[i] != 0 && claims.at(i) != ClaimOf(some[i])) FAIL("row " << some[i] << " is given another row's claim");
      remembered += known[i];
      claims.set(i, ClaimOf(some[i]));
    }
    next.Remember(signatures, claims, std::vector<uint8_t>(some.size(), 1));
  }
  next.EndUnit(complete);
  return remembered;
}

struct World {
  tests::TemporaryDirectory directory;
  const std::string path = directory.path() + "/source-7.rows";
  const Memory memory{base::PosixFileSystem(), path};
};

TEST_CASE("a dump that is the last one is remembered to its last row") {
  World world;
  CHECK(ReadDump(world.memory, Rows(100'000)) == 0);
  CHECK(ReadDump(world.memory, Rows(100'000)) == 100'000);
  CHECK(ReadDump(world.memory, Rows(100'000)) == 100'000);
}

TEST_CASE("all that is still there is remembered, whichever rows came, went and changed") {
  const uint64_t kept_away = GENERATE(1, 2, 40, 5'000, 9'000);  // in a row
  World world;
  const std::vector<uint64_t> before = Rows(200'000);
  ReadDump(world.memory, before);
  std::vector<uint64_t> after;
  uint64_t still_there = 0;
  for (uint64_t row = 0; row < before.size(); ++row) {
    const uint64_t at = row % 20'000;
    if (at >= 100 && at < 100 + kept_away) continue;  // went
    if (at >= 10'000 && at < 10'000 + kept_away) {
      after.push_back(1'000'000 + row);  // changed
      continue;
    }
    if (at == 19'500) {
      for (uint64_t i = 0; i < kept_away; ++i) after.push_back(2'000'000 + row + i);  // came
    }
    after.push_back(row);
    ++still_there;
  }
  // Where rows were missed it looks farther only after a while: so many rows may be passed over each time.
  const uint64_t passed_over_max = 10 * 3 * 40;
  CHECK(ReadDump(world.memory, after) >= still_there - passed_over_max);
}

TEST_CASE("single rows that change all over a large dump cost nothing but themselves") {
  World world;
  ReadDump(world.memory, Rows(600'000));
  std::vector<uint64_t> after = Rows(600'000);
  for (uint64_t row = 0; row < after.size(); row += 64) after[row] += 1'000'000;  // the last of many a chunk among them
  CHECK(ReadDump(world.memory, after) == 600'000 - 600'000 / 64);
}

TEST_CASE("rows in another order get no other claims") {
  base::SeededRandom random(20261127);
  World world;
  ReadDump(world.memory, Rows(50'000));
  std::vector<uint64_t> after = Rows(50'000);
  for (size_t i = after.size() - 1; i > 0; --i) std::swap(after[i], after[random.Below(i + 1)]);
  CHECK(ReadDump(world.memory, after) > 0);
  CHECK(ReadDump(world.memory, after) == after.size());  // that order is the last one now
}

TEST_CASE("under another meaning nothing is remembered, and what broke off or began inside takes no place") {
  World world;
  ReadDump(world.memory, Rows(10'000));
  CHECK(ReadDump(world.memory, Rows(10), false) == 10);
  CHECK(ReadDump(world.memory, Rows(10), true, kMeaning, false) == 10);
  CHECK(ReadDump(world.memory, Rows(10'000)) == 10'000);
  CHECK(ReadDump(world.memory, Rows(10'000), true, {11, 13}) == 0);
  CHECK(ReadDump(world.memory, Rows(10'000)) == 0);
}

TEST_CASE("a damaged file is believed up to the damage, at most") {
  World world;
  ReadDump(world.memory, Rows(20'000));
  const uint64_t size = std::filesystem::file_size(world.path);
  const std::string sound = base::ReadWholeFile(base::PosixFileSystem(), world.path, size).value();
  base::SeededRandom random(GENERATE(1, 2, 3, 4, 5, 6, 7, 8));
  std::string damaged = sound;
  if (random.Below(3) == 0) {
    damaged.resize(random.Below(size));
  } else {
    damaged[random.Below(size)] ^= static_cast<char>(1 << random.Below(8));
  }
  std::ofstream(world.path, std::ios::binary | std::ios::trunc) << damaged;
  CHECK(ReadDump(world.memory, Rows(20'000), false) < 20'000);
}

TEST_CASE("a full disk ends the remembering and nothing else") {
  World world;
  ReadDump(world.memory, Rows(20'000));
  tests::QuotaFileSystem disk(base::PosixFileSystem());
  disk.SetBytesLeft(300'000);
  CHECK(ReadDump({disk, world.path}, Rows(20'000)) == 20'000);
  CHECK_FALSE(std::filesystem::exists(world.path + ".next"));
  CHECK(ReadDump(world.memory, Rows(20'000)) == 20'000);
}

}  // namespace
}  // namespace datong::runner
