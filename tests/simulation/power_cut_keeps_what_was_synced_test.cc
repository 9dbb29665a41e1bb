// SPDX-License-Identifier: Apache-2.0
// A power cut of the simulated disk never takes what was synced, does take everything else in each of the ways that its
// header names, and in no other.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/simulated_disk.h"

namespace datong::simulation {
namespace {

uint64_t Seed() {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "power cut: DATONG_SEED=" << seed << "\n";
  return seed;
}

// Bytes none of which is zero, no two neighbouring sectors of which are equal.
std::string Bytes(size_t size, char first) {
  std::string bytes(size, first);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + (i / 512) % 20);
  return bytes;
}

void Append(SimulatedDisk& disk, const std::string& path, std::string_view data, bool sync = false) {
  auto file = disk.OpenAppend(path).value();
  REQUIRE(file->Append(data).ok());
  if (sync) REQUIRE(file->Sync().ok());
}

// What is left after a cut, by how often, over many seeds; "-" when the file is gone.
template <typename Prepare>
std::map<std::string, int> Outcomes(Prepare prepare, const std::string& path, int runs = 1000) {
  const uint64_t seed = Seed();
  std::map<std::string, int> outcomes;
  for (int run = 0; run < runs; ++run) {
    base::SeededRandom random(seed + static_cast<uint64_t>(run));
    SimulatedDisk disk(random);
    prepare(disk);
    disk.CutPower();
    ++outcomes[disk.Exists(path).value() ? disk.Content(path) : "-"];
  }
  return outcomes;
}

// The folder after a cut, as "name=content" in order, over many seeds.
template <typename Prepare>
std::set<std::string> Folders(Prepare prepare, int runs = 1000) {
  const uint64_t seed = Seed();
  std::set<std::string> folders;
  for (int run = 0; run < runs; ++run) {
    base::SeededRandom random(seed + static_cast<uint64_t>(run));
    SimulatedDisk disk(random);
    prepare(disk);
    disk.CutPower();
    std::string folder;
    for (const std::string& path : disk.FilesBelow("")) folder += path + "=" + disk.Content(path) + " ";
    folders.insert(folder);
  }
  return folders;
}

TEST_CASE("synced bytes survive a thousand random cuts") {
  const uint64_t seed = Seed();
  INFO("DATONG_SEED=" << seed);
  base::SeededRandom random(seed), cuts(seed + 1);
  SimulatedDisk disk(cuts);
  struct Known {
    std::string safe;
    size_t cut_to = 0;  // safe bytes beyond were cut off and that was not synced
  };
  std::map<std::string, Known> known;
  for (const char* name : {"d/a", "d/b", "d/c", "d/e"}) known[name] = {};
  REQUIRE(disk.MakeDirectories("d").ok());
  for (const auto& [path, file] : known) Append(disk, path, "", true);
  REQUIRE(disk.SyncDirectory("d").ok());
  REQUIRE(disk.SyncDirectory("").ok());
  uint64_t lines = 0;
  uint64_t bytes_kept = 0;
  for (int cut = 0; cut < 1000; ++cut) {
    for (uint64_t left = random.Below(20); left > 0; --left) {
      auto file = std::next(known.begin(), static_cast<ptrdiff_t>(random.Below(known.size())));
      const uint64_t dice = random.Below(10);
      const uint64_t size = disk.Content(file->first).size();
      if (dice < 6) {
        Append(disk, file->first, Bytes(random.Below(3000), static_cast<char>('a' + random.Below(5))));
      } else if (dice < 8) {
        Append(disk, file->first, "", true);
        file->second.safe = disk.Content(file->first);
        file->second.cut_to = size;
      } else if (random.Below(3) == 0) {
        const uint64_t to = random.Below(size + 1);
        REQUIRE(disk.Truncate(file->first, to).ok());
        file->second.cut_to = std::min<size_t>(file->second.cut_to, to);
      }
    }
    lines += disk.CutPower().size();
    for (auto& [path, file] : known) {
      const std::string left = disk.Content(path);
      REQUIRE(left.substr(0, file.cut_to) == file.safe.substr(0, file.cut_to));
      bytes_kept += file.cut_to;
      file = {left, left.size()};
    }
  }
  CHECK(lines > 500);
  CHECK(bytes_kept > 1'000'000);
}

TEST_CASE("appended bytes that were not synced are left in five ways and no other") {
  const std::string safe = Bytes(700, 'a');
  const std::string tail = Bytes(3000, 'C');
  const auto outcomes = Outcomes(
      [&](SimulatedDisk& disk) {
        disk.Place("f", safe);
        Append(disk, "f", tail);
      },
      "f");
  int nothing = 0, all = 0, first_part = 0, first_part_inside = 0, sectors = 0, hole = 0, zeros = 0;
  const std::string whole = safe + tail;
  for (const auto& [left, times] : outcomes) {
    REQUIRE(left.substr(0, safe.size()) == safe);
    if (left == safe) {
      nothing += times;
    } else if (left == whole) {
      all += times;
    } else if (left.size() < whole.size()) {
      REQUIRE(left == whole.substr(0, left.size()));
      first_part += times;
      if (left.size() % 512 != 0) first_part_inside += times;
    } else {
      REQUIRE(left.size() == whole.size());
      bool any_kept = false, gap = false, kept_behind_gap = false;
      for (size_t begin = safe.size(); begin < whole.size(); begin = (begin / 512 + 1) * 512) {
        const size_t length = std::min((begin / 512 + 1) * 512, whole.size()) - begin;
        const bool kept = left.compare(begin, length, whole, begin, length) == 0;
        if (!kept) REQUIRE(left.substr(begin, length) == std::string(length, '\0'));
        any_kept |= kept;
        kept_behind_gap |= kept && gap;
        gap |= !kept;
      }
      if (any_kept) sectors += times;
      if (kept_behind_gap) hole += times;
      if (!any_kept) zeros += times;
    }
  }
  CHECK(nothing > 20);
  CHECK(all > 20);
  CHECK(first_part > 20);
  CHECK(first_part_inside == first_part);
  CHECK(sectors > 20);
  CHECK(hole > 20);
  CHECK(zeros > 20);
}

TEST_CASE("a sync secures what every handle wrote, and only what was written before it") {
  const auto outcomes = Outcomes(
      [](SimulatedDisk& disk) {
        disk.Place("f", "");
        auto one = disk.OpenAppend("f").value();
        REQUIRE(one->Append("one").ok());
        auto two = disk.OpenAppend("f").value();
        REQUIRE(two->Append("two").ok());
        REQUIRE(two->Sync().ok());
        REQUIRE(two->Append("X").ok());
      },
      "f");
  CHECK(outcomes.size() == 3);
  CHECK(outcomes.contains("onetwo"));
  CHECK(outcomes.contains("onetwoX"));
  CHECK(outcomes.contains(std::string("onetwo\0", 7)));
}

TEST_CASE("what was cut off is safe only after a sync, which a later handle may ask for") {
  const auto cut_off = [](SimulatedDisk& disk) {
    disk.Place("f", "abcd");
    REQUIRE(disk.Truncate("f", 2).ok());
  };
  std::set<std::string> seen;
  for (const auto& [left, times] : Outcomes(cut_off, "f")) seen.insert(left);
  CHECK(seen == std::set<std::string>{"ab", "abc", "abcd"});
  const auto synced = [&](SimulatedDisk& disk) {
    cut_off(disk);
    REQUIRE(disk.OpenAppend("f").value()->Sync().ok());
  };
  CHECK(Outcomes(synced, "f") == std::map<std::string, int>{{"ab", 1000}});
}

TEST_CASE("bytes over cut off ones leave the old ones, the new ones or zeros, by sector") {
  const std::string old_bytes = Bytes(2048, 'a');
  const std::string new_bytes = Bytes(1500, 'C');
  bool old_behind_new = false, back = false, over = false;
  for (const auto& [left, times] : Outcomes(
           [&](SimulatedDisk& disk) {
             disk.Place("f", old_bytes);
             REQUIRE(disk.Truncate("f", 100).ok());
             Append(disk, "f", new_bytes);
           },
           "f")) {
    REQUIRE(left.substr(0, 100) == old_bytes.substr(0, 100));
    back |= left == old_bytes;
    over |= left == old_bytes.substr(0, 100) + new_bytes;
    for (size_t i = 100; i < left.size(); ++i) {
      const bool is_old = left[i] == old_bytes[i];
      const bool is_new = i < 1600 && left[i] == new_bytes[i - 100];
      REQUIRE((is_old || is_new || left[i] == 0));
      old_behind_new |= is_old && left.size() == 1600 && left[100] == new_bytes[0];
    }
  }
  CHECK(back);
  CHECK(over);
  CHECK(old_behind_new);
}

TEST_CASE("safe bytes that another handle overwrote are the old or the new ones, never zeros") {
  const std::string old_bytes = Bytes(1500, 'a');
  const std::string new_bytes = Bytes(2500, 'C');
  bool mixed = false;
  for (const auto& [left, times] : Outcomes(
           [&](SimulatedDisk& disk) {
             disk.Place("f", "");
             auto behind = disk.OpenAppend("f").value();
             Append(disk, "f", old_bytes, true);
             REQUIRE(behind->Append(new_bytes).ok());
             REQUIRE(disk.Content("f") == new_bytes);
           },
           "f")) {
    REQUIRE(left.size() >= old_bytes.size());
    for (size_t i = 0; i < old_bytes.size(); ++i) REQUIRE((left[i] == old_bytes[i] || left[i] == new_bytes[i]));
    mixed |= left[0] == old_bytes[0] && left[600] == new_bytes[600];
  }
  CHECK(mixed);
}

TEST_CASE("appended bytes that were cut off again before any sync may be back") {
  const auto outcomes = Outcomes(
      [](SimulatedDisk& disk) {
        disk.Place("f", "safe");
        Append(disk, "f", "refused");
        REQUIRE(disk.Truncate("f", 4).ok());
        Append(disk, "f", "new");
      },
      "f");
  CHECK(outcomes.contains("saferefused"));
  CHECK(outcomes.contains("safenew"));
  CHECK(outcomes.contains("safe"));
}

TEST_CASE("a new file whose folder was not synced may be gone, its synced bytes with it") {
  const auto prepare = [](SimulatedDisk& disk) { Append(disk, "f", "synced", true); };
  const auto outcomes = Outcomes(prepare, "f");
  CHECK(outcomes.size() == 2);
  CHECK(outcomes.contains("-"));
  CHECK(outcomes.contains("synced"));
  const auto with_name = [&](SimulatedDisk& disk) {
    prepare(disk);
    REQUIRE(disk.SyncDirectory("").ok());
  };
  CHECK(Outcomes(with_name, "f") == std::map<std::string, int>{{"synced", 1000}});
  const auto only_name = [](SimulatedDisk& disk) {
    Append(disk, "f", "x");
    REQUIRE(disk.SyncDirectory("").ok());
  };
  CHECK_FALSE(Outcomes(only_name, "f").contains("-"));
}

TEST_CASE("changes of names in one folder take place or not whatever their order") {
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("old", "o");
          Append(disk, "a", "a", true);
          REQUIRE(disk.Remove("old").ok());
          Append(disk, "b", "b", true);
        }) ==
        std::set<std::string>{"", "a=a ", "b=b ", "a=a b=b ", "old=o ", "a=a old=o ", "b=b old=o ", "a=a b=b old=o "});
}

TEST_CASE("a rename is seen whole or not at all, and a target that it did not replace has its bytes") {
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("new", "n");
          disk.Place("file", "old");
          REQUIRE(disk.Rename("new", "file").ok());
        }) == std::set<std::string>{"file=n ", "file=old new=n "});
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("file", "old");
          Append(disk, "new", "n", true);
          REQUIRE(disk.Rename("new", "file").ok());
        }) == std::set<std::string>{"file=n ", "file=old new=n ", "file=old "});
  // Its unsafe bytes have their own fate.
  const auto folders = Folders([](SimulatedDisk& disk) {
    disk.Place("new", "n");
    disk.Place("file", "old");
    Append(disk, "file", "X");
    REQUIRE(disk.Rename("new", "file").ok());
  });
  CHECK(folders.contains("file=old new=n "));
  CHECK(folders.contains("file=oldX new=n "));
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("new", "n");
          disk.Place("file", "old");
          REQUIRE(disk.Rename("new", "file").ok());
          REQUIRE(disk.SyncDirectory("").ok());
        }) == std::set<std::string>{"file=n "});
}

TEST_CASE("a rename keeps the bytes safe that were, and none that were not") {
  const auto folders = Folders([](SimulatedDisk& disk) {
    disk.Place("file", "old");
    Append(disk, "new", "n");
    REQUIRE(disk.Rename("new", "file").ok());
    REQUIRE(disk.SyncDirectory("").ok());
  });
  CHECK(folders == std::set<std::string>{"file= ", "file=n ", std::string("file=\0 ", 7)});
}

TEST_CASE("no file falls between the names of two renames") {
  const auto folders = Folders([](SimulatedDisk& disk) {
    disk.Place("log", "1");
    REQUIRE(disk.Rename("log", "log.old").ok());
    Append(disk, "log", "2", true);
  });
  CHECK(folders == std::set<std::string>{"log=1 ", "log.old=1 ", "log=2 log.old=1 "});
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("a", "1");
          disk.Place("b", "2");
          REQUIRE(disk.Rename("b", "c").ok());
          REQUIRE(disk.Rename("a", "b").ok());
        }) == std::set<std::string>{"a=1 b=2 ", "a=1 c=2 ", "b=1 c=2 "});
}

TEST_CASE("a rename from one folder into another is one thing, and one sync of either makes it safe") {
  const auto prepare = [](SimulatedDisk& disk) {
    disk.Place("one/a", "1");
    disk.Place("two/b", "2");
    REQUIRE(disk.Rename("one/a", "two/b").ok());
  };
  CHECK(Folders(prepare) == std::set<std::string>{"one/a=1 two/b=2 ", "two/b=1 "});
  for (const char* folder : {"one", "two"}) {
    CHECK(Folders([&](SimulatedDisk& disk) {
            prepare(disk);
            REQUIRE(disk.SyncDirectory(folder).ok());
          }) == std::set<std::string>{"two/b=1 "});
  }
  // What had happened to its names before cannot come after it.
  CHECK(Folders([](SimulatedDisk& disk) {
          disk.Place("one/a", "1");
          disk.Place("two/z", "z");
          Append(disk, "two/b", "2", true);
          REQUIRE(disk.Rename("one/a", "two/b").ok());
          REQUIRE(disk.SyncDirectory("one").ok());
        }) == std::set<std::string>{"two/b=1 two/z=z "});
}

TEST_CASE("a folder that was not synced in its parent is gone or there, with all that is in it") {
  const auto prepare = [](SimulatedDisk& disk) {
    REQUIRE(disk.MakeDirectories("a/b").ok());
    Append(disk, "a/b/f", "f", true);
    REQUIRE(disk.SyncDirectory("a/b").ok());
  };
  CHECK(Folders(prepare) == std::set<std::string>{"", "a/b/f=f "});
  CHECK(Folders([&](SimulatedDisk& disk) {
          prepare(disk);
          REQUIRE(disk.SyncDirectory("").ok());
        }) == std::set<std::string>{"", "a/b/f=f "});
  CHECK(Folders([&](SimulatedDisk& disk) {
          prepare(disk);
          REQUIRE(disk.SyncDirectory("a").ok());
          REQUIRE(disk.SyncDirectory("").ok());
        }) == std::set<std::string>{"a/b/f=f "});
}

TEST_CASE("synced names survive random cuts, and every file is under one name at most") {
  const uint64_t seed = Seed();
  INFO("DATONG_SEED=" << seed);
  base::SeededRandom random(seed), cuts(seed + 1);
  int lost_something = 0;
  for (int round = 0; round < 1000; ++round) {
    SimulatedDisk disk(cuts);
    REQUIRE(disk.MakeDirectories("x").ok());
    REQUIRE(disk.MakeDirectories("y").ok());
    REQUIRE(disk.SyncDirectory("").ok());
    const auto any = [&] { return std::string(random.Below(2) == 0 ? "x/" : "y/") + std::to_string(random.Below(3)); };
    int files = 0;
    std::map<std::string, std::string> synced;  // names untouched since their folder was synced
    for (uint64_t left = 4 + random.Below(20); left > 0; --left) {
      const std::string path = any(), other = any();
      const uint64_t dice = random.Below(8);
      if (dice < 3 && !disk.Exists(path).value()) {
        Append(disk, path, "file" + std::to_string(++files), true);
        synced.erase(path);
      } else if (dice < 4 && disk.Remove(path).ok()) {
        synced.erase(path);
      } else if (dice < 7 && path != other && disk.Rename(path, other).ok()) {
        synced.erase(path);
        synced.erase(other);
      } else if (dice == 7) {
        const std::string folder = path.substr(0, 1);
        REQUIRE(disk.SyncDirectory(folder).ok());
        for (const std::string& file : disk.FilesBelow(folder)) synced[file] = disk.Content(file);
      }
    }
    lost_something += disk.CutPower().empty() ? 0 : 1;
    for (const auto& [path, content] : synced) REQUIRE(disk.Content(path) == content);
    std::set<std::string> contents;
    for (const std::string& path : disk.FilesBelow("")) REQUIRE(contents.insert(disk.Content(path)).second);
  }
  CHECK(lost_something > 300);
}

TEST_CASE("what a cut left is safe") {
  base::SeededRandom random(Seed());
  SimulatedDisk disk(random);
  for (int round = 0; round < 100; ++round) {
    Append(disk, std::to_string(round % 7), Bytes(1000, 'a'));
    disk.CutPower();
    std::map<std::string, std::string> left;
    for (const std::string& path : disk.FilesBelow("")) left[path] = disk.Content(path);
    REQUIRE(disk.CutPower().empty());
    for (const auto& [path, content] : left) REQUIRE(disk.Content(path) == content);
    REQUIRE(disk.FilesBelow("").size() == left.size());
  }
}

TEST_CASE("the same seed gives the same outcome, told in the same lines") {
  const uint64_t seed = Seed();
  const auto run = [&] {
    base::SeededRandom random(seed);
    SimulatedDisk disk(random);
    std::string story;
    for (int round = 0; round < 50; ++round) {
      for (int i = 0; i < 10; ++i) Append(disk, "f" + std::to_string(i), Bytes(900, 'a'), i % 3 == 0);
      disk.Rename("f1", "g" + std::to_string(round)).IgnoreError();
      disk.Remove("f2").IgnoreError();
      for (const std::string& line : disk.CutPower()) story += line + "\n";
      for (const std::string& path : disk.FilesBelow("")) story += path + disk.Content(path);
    }
    return story;
  };
  const std::string story = run();
  CHECK(story.find(" unsafe bytes") != std::string::npos);
  CHECK(story.find(": gone") != std::string::npos);
  CHECK(story.find(": back") != std::string::npos);
  CHECK(story == run());
}

TEST_CASE("a lost sync says OK and secures nothing, a lost sync of a folder neither") {
  const auto prepare = [](SimulatedDisk& disk) {
    disk.Place("f", "");
    disk.SetLostSyncs([](const SimulatedDisk::Operation& sync) { return sync.path == "f" || sync.path == "d"; });
    Append(disk, "f", "lost", true);
    Append(disk, "other", "kept", true);
    REQUIRE(disk.SyncDirectory("").ok());
    REQUIRE(disk.MakeDirectories("d").ok());
    Append(disk, "d/x", "x", true);
    REQUIRE(disk.SyncDirectory("d").ok());
    REQUIRE(disk.SyncDirectory("").ok());
  };
  CHECK(Outcomes(prepare, "f").contains(""));
  CHECK(Outcomes(prepare, "f").contains("lost"));
  CHECK(Outcomes(prepare, "other") == std::map<std::string, int>{{"kept", 1000}});
  CHECK(Outcomes(prepare, "d/x").contains("-"));
  CHECK(Outcomes(prepare, "d/x").contains("x"));
}

}  // namespace
}  // namespace datong::simulation
