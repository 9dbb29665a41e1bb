// SPDX-License-Identifier: Apache-2.0
// A checkpoint is read whole or not at all: any flipped bit is found, an older generation stands in, and a failed write
// or a kill at any step leaves what was there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "exchange_core/base/random.h"
#include "exchange_core/index/checkpoint.h"
#include "exchange_core/index/checkpoint_pieces.h"
#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"

namespace datong::index {
namespace {

using Catch::Matchers::Contains;
using tests::TemporaryDirectory;

constexpr uint32_t kLane = 2;

std::vector<CheckpointSection> Sections(char mark) {
  return {{"head", std::string(3, mark)}, {"empty", ""}, {"entity", std::string(20, mark)}};
}

uint64_t Write(base::FileSystem& files, const TemporaryDirectory& folder, char mark, uint32_t lane = kLane) {
  return WriteCheckpoint(files, base::NoObserver(), folder.path(), lane, Sections(mark)).value();
}

LoadedCheckpoint Load(const TemporaryDirectory& folder, uint32_t lane = kLane) {
  return LoadNewestCheckpoint(base::PosixFileSystem(), folder.path(), lane).value();
}

std::string PathOf(const TemporaryDirectory& folder, int generation) {
  return folder.Path("lane-2-" + std::to_string(generation) + ".checkpoint");
}

void Damage(const std::string& path, size_t at, int bit) {
  base::FileSystem& files = base::PosixFileSystem();
  std::string bytes = base::ReadWholeFile(files, path, 1 << 20).value();
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  REQUIRE(base::WriteWholeFileAtomically(files, path, bytes).ok());
}

bool Holds(const LoadedCheckpoint& loaded, char mark) {
  const auto expected = Sections(mark);
  if (loaded.sections.size() != expected.size()) return false;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (loaded.sections[i].name != expected[i].name || loaded.sections[i].content != expected[i].content) return false;
  }
  return true;
}

TEST_CASE("the newest generation is loaded, two are kept, lanes do not meet") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  CHECK(Load(folder).generation == 0);
  CHECK(LoadNewestCheckpoint(files, folder.Path("missing"), kLane).value().generation == 0);
  Write(files, folder, 'x', 22);
  for (char mark : {'a', 'b', 'c', 'd'}) Write(files, folder, mark);
  const LoadedCheckpoint loaded = Load(folder);
  CHECK(loaded.generation == 4);
  CHECK(Holds(loaded, 'd'));
  CHECK(loaded.warnings.empty());
  CHECK(Holds(Load(folder, 22), 'x'));
  CHECK(files.List(folder.path()).value() ==
        std::vector<std::string>{"lane-2-3.checkpoint", "lane-2-4.checkpoint", "lane-22-1.checkpoint"});
}

TEST_CASE("any flipped bit and any cut is found, named, and the older generation stands in") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  Write(files, folder, 'a');
  Write(files, folder, 'b');
  const std::string path = PathOf(folder, 2);
  const std::string good = base::ReadWholeFile(files, path, 1 << 20).value();
  const auto check = [&] {
    const LoadedCheckpoint loaded = Load(folder);
    CHECK(loaded.generation == 1);
    CHECK(Holds(loaded, 'a'));
    REQUIRE(loaded.warnings.size() == 1);
    CHECK_THAT(loaded.warnings[0], Contains(path));
  };
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; bit += 3) {
      INFO("byte " << at << " bit " << bit);
      Damage(path, at, bit);
      check();
      REQUIRE(base::WriteWholeFileAtomically(files, path, good).ok());
    }
  }
  for (size_t size = 0; size < good.size(); size += 5) {
    REQUIRE(base::WriteWholeFileAtomically(files, path, good.substr(0, size)).ok());
    check();
  }
}

TEST_CASE("both damaged: no generation, two warnings") {
  const TemporaryDirectory folder;
  Write(base::PosixFileSystem(), folder, 'a');
  Write(base::PosixFileSystem(), folder, 'b');
  Damage(PathOf(folder, 1), 40, 1);
  Damage(PathOf(folder, 2), 40, 1);
  const LoadedCheckpoint loaded = Load(folder);
  CHECK(loaded.generation == 0);
  CHECK(loaded.sections.empty());
  CHECK(loaded.warnings.size() == 2);
}

TEST_CASE("a damaged generation never pushes out the good one behind it") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  Write(files, folder, 'a');
  Write(files, folder, 'b');
  Damage(PathOf(folder, 2), 40, 1);
  CHECK(Write(files, folder, 'c') == 3);
  CHECK(files.List(folder.path()).value() == std::vector<std::string>{"lane-2-1.checkpoint", "lane-2-3.checkpoint"});
  Damage(PathOf(folder, 3), 40, 1);
  CHECK(Holds(Load(folder), 'a'));
}

TEST_CASE("a file under another generation's or lane's name is refused") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  Write(files, folder, 'a');
  const std::string bytes = base::ReadWholeFile(files, PathOf(folder, 1), 1 << 20).value();
  REQUIRE(base::WriteWholeFileAtomically(files, PathOf(folder, 9), bytes).ok());
  const LoadedCheckpoint loaded = Load(folder);
  CHECK(loaded.generation == 1);
  REQUIRE(loaded.warnings.size() == 1);
  CHECK_THAT(loaded.warnings[0], Contains("generation 1 of lane 2"));
}

TEST_CASE("a full disk at any byte and a failing sync leave the old generation and no half") {
  const TemporaryDirectory folder;
  tests::QuotaFileSystem files(base::PosixFileSystem());
  Write(files, folder, 'a');
  for (uint64_t left = 0; left < 100; left += 7) {
    files.SetBytesLeft(left);
    CHECK(absl::IsResourceExhausted(
        WriteCheckpoint(files, base::NoObserver(), folder.path(), kLane, Sections('b')).status()));
    CHECK(files.List(folder.path()).value().size() == 1);
    CHECK(Holds(Load(folder), 'a'));
  }
  files.SetUnlimited();
  files.FailSyncs(true);
  CHECK_FALSE(WriteCheckpoint(files, base::NoObserver(), folder.path(), kLane, Sections('b')).ok());
  CHECK(Holds(Load(folder), 'a'));
  files.FailSyncs(false);
  CHECK(Write(files, folder, 'c') == 2);
}

uint64_t SizeOf(const TemporaryDirectory& folder, int generation) {
  return base::ReadWholeFile(base::PosixFileSystem(), PathOf(folder, generation), 100 << 20).value().size();
}

bool Equal(const std::vector<CheckpointSection>& a, const std::vector<CheckpointSection>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.name == other.name && one.content == other.content;
  });
}

std::string Noise(size_t bytes, base::SeededRandom& random) {
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random.Below(256));
  return noise;
}

TEST_CASE("what has not changed is not written again, and is there as long as it is needed") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  base::SeededRandom random(1);
  std::vector<CheckpointSection> sections = {{"large", Noise(10 * kPieceBytes + 100, random)},
                                             {"small", Noise(100, random)}};
  const auto write = [&] { return WriteCheckpoint(files, base::NoObserver(), folder.path(), kLane, sections).value(); };
  REQUIRE(write() == 1);
  const uint64_t whole = SizeOf(folder, 1);
  uint64_t files_max = 0;
  int written_whole = 0;
  for (int generation = 2; generation <= 60; ++generation) {
    for (int i = 0; i < 2; ++i) sections[0].content[random.Below(sections[0].content.size())] ^= 1;
    sections[1].content += 'x';
    REQUIRE(write() == static_cast<uint64_t>(generation));
    const bool is_whole = SizeOf(folder, generation) > whole / 2;
    written_whole += is_whole;
    if (!is_whole) CHECK(SizeOf(folder, generation) < 3 * kPieceBytes);
    const LoadedCheckpoint loaded = Load(folder);
    REQUIRE(loaded.generation == static_cast<uint64_t>(generation));
    REQUIRE(Equal(loaded.sections, sections));
    uint64_t in_files = 0;
    const std::vector<std::string> names = files.List(folder.path()).value();
    for (const std::string& name : names) {
      in_files += base::ReadWholeFile(files, folder.Path(name), 100 << 20).value().size();
    }
    files_max = std::max(files_max, in_files);
  }
  CHECK(written_whole >= 1);
  CHECK(written_whole <= 15);
  CHECK(files_max < 4 * whole);
}

TEST_CASE("a generation that stands on a damaged or missing one is not used, and the next write stands alone") {
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  base::SeededRandom random(2);
  std::vector<CheckpointSection> sections = {{"large", Noise(5 * kPieceBytes, random)}};
  const auto write = [&] { return WriteCheckpoint(files, base::NoObserver(), folder.path(), kLane, sections).value(); };
  write();
  sections[0].content[0] ^= 1;
  write();
  const bool missing = GENERATE(false, true);
  if (missing) {
    REQUIRE(files.Remove(PathOf(folder, 1)).ok());
  } else {
    Damage(PathOf(folder, 1), 3 * kPieceBytes, 1);
  }
  const LoadedCheckpoint loaded = Load(folder);
  CHECK(loaded.generation == 0);
  CHECK(loaded.sections.empty());
  REQUIRE(loaded.warnings.size() == (missing ? 1 : 2));
  CHECK_THAT(loaded.warnings[0], Contains(PathOf(folder, 2)) && Contains("stands on generation 1"));
  write();
  CHECK(Load(folder).generation == 3);
  CHECK(Equal(Load(folder).sections, sections));
  CHECK(SizeOf(folder, 3) > 5 * kPieceBytes);
}

TEST_CASE("sections grow, shrink, come and go, and what is loaded is what was written") {
  const char* const text = std::getenv("DATONG_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20261127;
  std::cout << "seed " << seed << "\n";
  base::SeededRandom random(seed);
  const TemporaryDirectory folder;
  base::FileSystem& files = base::PosixFileSystem();
  std::vector<std::vector<CheckpointSection>> written;
  std::vector<CheckpointSection> sections;
  for (int generation = 1; generation <= 40; ++generation) {
    if (sections.size() < 4 && random.Below(3) == 0) {
      sections.push_back({"s" + std::to_string(generation), Noise(random.Below(4 * kPieceBytes), random)});
    }
    if (!sections.empty() && random.Below(8) == 0) sections.erase(sections.begin());
    for (CheckpointSection& section : sections) {
      if (random.Below(2) == 0) section.content.resize(random.Below(5 * kPieceBytes), 'x');
      if (!section.content.empty() && random.Below(2) == 0) section.content[random.Below(section.content.size())] ^= 1;
    }
    REQUIRE(WriteCheckpoint(files, base::NoObserver(), folder.path(), kLane, sections).ok());
    written.push_back(sections);
    REQUIRE(Equal(Load(folder).sections, sections));
    if (random.Below(4) != 0) continue;
    // Whatever happens to one file: some generation that was written, or none.
    const auto names = files.List(folder.path()).value();
    Damage(folder.Path(names[random.Below(names.size())]), random.Below(20), static_cast<int>(random.Below(8)));
    const LoadedCheckpoint loaded = Load(folder);
    if (loaded.generation != 0) REQUIRE(Equal(loaded.sections, written[loaded.generation - 1]));
  }
}

// Dies at a step, as far as a test can: by an exception that nobody below catches.
struct Killed {};
class KillAt final : public base::StepObserver {
 public:
  explicit KillAt(std::string_view step) : step_(step) {}
  void Reached(std::string_view step) override {
    if (step == step_) throw Killed();
  }

 private:
  const std::string_view step_;
};

TEST_CASE("a kill at any step leaves a whole generation, and the next write cleans up") {
  for (const char* step : {"checkpoint.written", "checkpoint.renamed", "checkpoint.pruned"}) {
    INFO(step);
    const TemporaryDirectory folder;
    base::FileSystem& files = base::PosixFileSystem();
    Write(files, folder, 'a');
    Write(files, folder, 'b');
    KillAt killer(step);
    CHECK_THROWS_AS(WriteCheckpoint(files, killer, folder.path(), kLane, Sections('c')).ok(), Killed);
    CHECK(Holds(Load(folder), std::string_view(step) == "checkpoint.written" ? 'b' : 'c'));
    Write(files, folder, 'd');
    CHECK(Holds(Load(folder), 'd'));
    CHECK(files.List(folder.path()).value().size() == 2);
  }
}

}  // namespace
}  // namespace datong::index
