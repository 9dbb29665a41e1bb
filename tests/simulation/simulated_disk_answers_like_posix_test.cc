// SPDX-License-Identifier: Apache-2.0
// While nothing is cut the simulated disk answers like the real one, and it fills up, dies and reports its operations
// as its header says.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/simulated_disk.h"
#include "tests/support/temporary_directory.h"

namespace datong::simulation {
namespace {

using Kind = SimulatedDisk::Operation::Kind;

uint64_t Seed() {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "simulated disk: DATONG_SEED=" << seed << "\n";
  return seed;
}

// One of the calls that programs make, on files below `root`; what it answered, as text without paths.
class Caller {
 public:
  Caller(base::FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  std::string Call(uint64_t seed) {
    base::SeededRandom random(seed);
    const std::string one = AnyPath(random), two = AnyPath(random);
    const uint64_t size = random.Below(40);
    switch (random.Below(12)) {
      case 0:
      case 1: {
        auto file = files_.OpenAppend(one);
        if (!file.ok()) return Told("open", file.status());
        open_[seed % 3] = *std::move(file);
        return "opened at " + std::to_string(open_[seed % 3]->Size());
      }
      case 2:
      case 3:
      case 4: {
        auto& file = open_[seed % 3];
        if (file == nullptr) return "none open";
        const absl::Status status = file->Append(std::string(size + 1, static_cast<char>('a' + seed % 26)));
        return Told("append", status) + " at " + std::to_string(file->Size());
      }
      case 5: {
        auto& file = open_[seed % 3];
        if (file == nullptr) return "none open";
        std::string told = Told("sync", file->Sync());
        for (int times = 0; times < 2; ++times) told += Told("close", file->Close());
        return told + Told("append", file->Append("x"));
      }
      case 6:
        return Told("truncate", files_.Truncate(one, size));
      case 7:
        // A folder moved into another one is what the simulated disk does not do.
        if (one.substr(0, one.rfind('/')) != two.substr(0, two.rfind('/')) && !IsFile(one)) return "";
        return Told("rename", files_.Rename(one, two));
      case 8:
        return Told("remove", files_.Remove(one));
      case 9:
        return Told("make", files_.MakeDirectories(one));
      case 10: {
        const auto names = files_.List(one);
        std::string told = Told("list", names.status()) + Told("sync folder", files_.SyncDirectory(one));
        if (names.ok()) {
          for (const std::string& name : *names) told += " " + name;
        }
        return told;
      }
      default: {
        const std::string exists = files_.Exists(one).value() ? "there " : "not there ";
        if (exists == "there " && !IsFile(one)) return exists;
        const auto content = base::ReadWholeFile(files_, one, 10'000);
        return exists + Told("read", content.status()) + (content.ok() ? *content : "");
      }
    }
  }

 private:
  bool IsFile(const std::string& path) { return files_.Exists(path).value() && !files_.List(path).ok(); }
  std::string AnyPath(base::RandomSource& random) {
    static const char* const kPaths[] = {"/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/a", "/f//a", "/./f"};
    return root_ + kPaths[random.Below(std::size(kPaths))];
  }
  static std::string Told(const char* what, const absl::Status& status) {
    return std::string(what) + " " + absl::StatusCodeToString(status.code()) + " ";
  }

  base::FileSystem& files_;
  const std::string root_;
  std::unique_ptr<base::AppendFile> open_[3];
};

TEST_CASE("the simulated disk answers what the real one answers") {
  const uint64_t seed = Seed();
  for (uint64_t round = 0; round < 60; ++round) {
    const tests::TemporaryDirectory folder;
    base::SeededRandom random(seed + round);
    SimulatedDisk disk(random);
    REQUIRE(disk.MakeDirectories(folder.path()).ok());
    Caller real(base::PosixFileSystem(), folder.path());
    Caller simulated(disk, folder.path());
    std::string story;
    for (int i = 0; i < 120; ++i) {
      const uint64_t call = random.Next();
      const std::string answer = real.Call(call);
      story += answer + "\n";
      INFO("DATONG_SEED=" << seed << " round " << round << "\n" << story);
      REQUIRE(simulated.Call(call) == answer);
    }
  }
}

TEST_CASE("a handle refers to its file, whatever becomes of the name") {
  base::SeededRandom random(1);
  SimulatedDisk disk(random);
  auto file = disk.OpenAppend("a").value();
  REQUIRE(file->Append("1").ok());
  REQUIRE(disk.Rename("a", "b").ok());
  REQUIRE(file->Append("2").ok());
  CHECK(disk.Content("b") == "12");
  auto read = disk.OpenRead("b").value();
  REQUIRE(disk.Remove("b").ok());
  REQUIRE(file->Append("3").ok());
  CHECK(read->Size().value() == 3);
  CHECK_FALSE(disk.Exists("b").value());
  CHECK(disk.BytesUsed() == 3);
  file = nullptr;
  CHECK(disk.BytesUsed() == 3);
  read = nullptr;
  CHECK(disk.BytesUsed() == 0);
}

TEST_CASE("a full disk takes a part of an append, and the rest when there is room again") {
  base::SeededRandom random(1);
  SimulatedDisk disk(random);
  disk.Place("other", "12345");
  disk.SetCapacity(10);
  auto file = disk.OpenAppend("f").value();
  REQUIRE(file->Append("abc").ok());
  CHECK(disk.BytesUsed() == 8);
  const absl::Status full = file->Append("defg");
  CHECK(absl::IsResourceExhausted(full));
  CHECK(full.message().find("f: cannot write") != absl::string_view::npos);
  CHECK(file->Size() == 3);
  CHECK(disk.Content("f") == "abcde");
  CHECK(disk.BytesUsed() == 10);
  CHECK(absl::IsResourceExhausted(file->Append("defg")));
  CHECK(absl::IsResourceExhausted(disk.Truncate("f", 6)));
  REQUIRE(disk.Remove("other").ok());
  REQUIRE(file->Append("DEFG").ok());
  CHECK(disk.Content("f") == "abcDEFG");
  disk.SetCapacity(5);  // less than is there
  CHECK(absl::IsResourceExhausted(file->Append("x")));
  CHECK(disk.BytesUsed() == 7);
  disk.SetCapacity(0);
  REQUIRE(file->Append("x").ok());
  REQUIRE(disk.Truncate("f", 2).ok());
  CHECK(disk.BytesUsed() == 2);
}

TEST_CASE("handles and locks of before a death are dead, and a killed process loses nothing else") {
  const bool power = GENERATE(true, false);
  base::SeededRandom random(1);
  SimulatedDisk disk(random);
  disk.Place("f", "safe");
  disk.Place("lock", "");
  auto file = disk.OpenAppend("f").value();
  auto read = disk.OpenRead("f").value();
  auto lock = disk.Lock("lock").value();
  REQUIRE(absl::IsFailedPrecondition(disk.Lock("lock").status()));
  if (power) {
    disk.CutPower();
  } else {
    REQUIRE(file->Append(" unsafe").ok());
    REQUIRE(disk.OpenAppend("new").ok());
    disk.KillProcess();
    CHECK(disk.Content("f") == "safe unsafe");
    CHECK(disk.Exists("new").value());
  }
  const std::string before = disk.Content("f");
  CHECK(absl::IsUnavailable(file->Append("x")));
  CHECK(absl::IsUnavailable(file->Sync()));
  char byte;
  CHECK(absl::IsUnavailable(read->ReadAt(0, 1, &byte).status()));
  CHECK(absl::IsUnavailable(read->Size().status()));
  CHECK(absl::IsUnavailable(file->Close()));
  CHECK(disk.Content("f") == before);
  auto again = disk.Lock("lock").value();
  lock = nullptr;  // the old one's end does not end the new one
  CHECK(absl::IsFailedPrecondition(disk.Lock("lock").status()));
  again = nullptr;
  CHECK(disk.Lock("lock").ok());
  file = nullptr;
  read = nullptr;
  CHECK(disk.BytesUsed() == before.size());
}

TEST_CASE("what a killed process left unsynced is as unsafe as before") {
  std::set<std::string> seen;
  base::SeededRandom random(Seed());
  for (int run = 0; run < 200; ++run) {
    SimulatedDisk disk(random);
    disk.Place("f", "");
    REQUIRE(disk.OpenAppend("f").value()->Append("x").ok());
    disk.KillProcess();
    disk.CutPower();
    seen.insert(disk.Content("f"));
  }
  CHECK(seen == std::set<std::string>{"", "x", std::string(1, '\0')});
}

TEST_CASE("a disk that stops answering says Unavailable to all, from the very operation on") {
  const std::set<Kind> kinds = {Kind::kSync,   Kind::kTruncate,        Kind::kRename,       Kind::kRemove,
                                Kind::kCreate, Kind::kMakeDirectories, Kind::kSyncDirectory};
  for (const Kind stop_at : kinds) {
    base::SeededRandom random(1);
    SimulatedDisk disk(random);
    disk.Place("d/f", "safe");
    auto file = disk.OpenAppend("d/f").value();
    int calls = 0;
    disk.SetOnOperation([&](const SimulatedDisk::Operation& operation) {
      ++calls;
      if (operation.kind == stop_at) disk.StopAnswering();
    });
    const auto strike = [&] {
      switch (stop_at) {
        case Kind::kSync:
          return file->Sync();
        case Kind::kTruncate:
          return disk.Truncate("d/f", 1);
        case Kind::kRename:
          return disk.Rename("d/f", "d/g");
        case Kind::kRemove:
          return disk.Remove("d/f");
        case Kind::kCreate:
          return disk.OpenAppend("d/g").status();
        case Kind::kMakeDirectories:
          return disk.MakeDirectories("d/e");
        default:
          return disk.SyncDirectory("d");
      }
    };
    CHECK(absl::IsUnavailable(strike()));
    CHECK_FALSE(disk.answering());
    CHECK(absl::IsUnavailable(strike()));
    CHECK(absl::IsUnavailable(file->Append("x")));
    CHECK(absl::IsUnavailable(file->Close()));
    CHECK(absl::IsUnavailable(disk.OpenRead("d/f").status()));
    CHECK(absl::IsUnavailable(disk.OpenAppend("d/f").status()));
    CHECK(absl::IsUnavailable(disk.Exists("d/f").status()));
    CHECK(absl::IsUnavailable(disk.List("d").status()));
    CHECK(absl::IsUnavailable(disk.Lock("d/f").status()));
    CHECK(calls == 1);
    CHECK(disk.FilesBelow("") == std::vector<std::string>{"d/f"});
    CHECK(disk.Content("d/f") == "safe");
    CHECK(disk.CutPower().empty());
    CHECK(disk.answering());
    CHECK_FALSE(disk.Exists("d/e").value());
  }
}

TEST_CASE("an append at which the disk stops may have gone through in part") {
  std::set<std::string> seen, left;
  base::SeededRandom random(Seed());
  for (int run = 0; run < 300; ++run) {
    SimulatedDisk disk(random);
    disk.Place("f", "a");
    auto file = disk.OpenAppend("f").value();
    disk.SetOnOperation([&](const SimulatedDisk::Operation&) { disk.StopAnswering(); });
    REQUIRE(absl::IsUnavailable(file->Append("bc")));
    REQUIRE(file->Size() == 1);
    seen.insert(disk.Content("f"));
    disk.CutPower();
    left.insert(disk.Content("f").substr(0, 2));
  }
  CHECK(seen == std::set<std::string>{"a", "ab", "abc"});
  CHECK(left == std::set<std::string>{"a", "ab", std::string("a\0", 2)});
}

TEST_CASE("a dying disk secures nothing") {
  std::set<std::string> seen;
  base::SeededRandom random(Seed());
  for (int run = 0; run < 200; ++run) {
    SimulatedDisk disk(random);
    disk.Place("f", "");
    auto file = disk.OpenAppend("f").value();
    REQUIRE(file->Append("x").ok());
    disk.SetOnOperation([&](const SimulatedDisk::Operation&) { disk.StopAnswering(); });
    REQUIRE(absl::IsUnavailable(file->Sync()));
    disk.CutPower();
    seen.insert(disk.Content("f"));
  }
  CHECK(seen.contains(""));
}

[[gnu::noinline]] void SyncHere(base::AppendFile& file) { REQUIRE(file.Sync().ok()); }
[[gnu::noinline]] void SyncThere(base::AppendFile& file) { REQUIRE(file.Sync().ok()); }

TEST_CASE("every operation that could change or secure something is reported, with its caller when it is a sync") {
  base::SeededRandom random(1);
  SimulatedDisk disk(random);
  std::vector<std::string> told;
  std::vector<const void*> callers;
  disk.SetOnOperation([&](const SimulatedDisk::Operation& operation) {
    static const char* const kNames[] = {"append", "sync", "truncate", "rename",
                                         "remove", "make", "sync-dir", "create"};
    told.push_back(kNames[static_cast<int>(operation.kind)] + (" " + std::string(operation.path)) + " " +
                   std::to_string(operation.bytes));
    if (operation.kind == Kind::kSync || operation.kind == Kind::kSyncDirectory) callers.push_back(operation.caller);
  });
  REQUIRE(disk.MakeDirectories("d").ok());
  auto file = disk.OpenAppend("d/f").value();
  REQUIRE(disk.OpenAppend("d/f").ok());  // creates nothing
  REQUIRE(file->Append("abc").ok());
  for (int i = 0; i < 2; ++i) SyncHere(*file);
  SyncThere(*file);
  for (int i = 0; i < 2; ++i) REQUIRE(disk.SyncDirectory("d").ok());
  REQUIRE(disk.Truncate("d/f", 2).ok());
  REQUIRE(disk.Rename("d/f", "d/g").ok());
  REQUIRE(disk.List("d").ok());
  REQUIRE(disk.OpenRead("d/g").ok());
  REQUIRE(disk.Lock("lock").ok());
  REQUIRE(disk.Lock("lock").ok());
  REQUIRE(disk.Remove("d/g").ok());
  CHECK(told == std::vector<std::string>{"make d 0", "create d/f 0", "append d/f 3", "sync d/f 0", "sync d/f 0",
                                         "sync d/f 0", "sync-dir d 0", "sync-dir d 0", "truncate d/f 2", "rename d/f 0",
                                         "create lock 0", "remove d/g 0"});
  REQUIRE(callers.size() == 5);
  CHECK(callers[0] != nullptr);
  CHECK(callers[0] == callers[1]);
  CHECK(callers[0] != callers[2]);
  CHECK(callers[3] != nullptr);
  CHECK(callers[3] == callers[4]);
  CHECK(callers[3] != callers[0]);
}

TEST_CASE("a placed file is whole and safe, and replaces what had the name") {
  base::SeededRandom random(Seed());
  for (int run = 0; run < 200; ++run) {
    SimulatedDisk disk(random);
    REQUIRE(disk.OpenAppend("f").value()->Append("mine").ok());
    disk.Place("f", "theirs");
    disk.Place("in/a/folder.csv", "rows");
    CHECK(disk.BytesUsed() == 10);
    REQUIRE(disk.CutPower().empty());
    REQUIRE(disk.Content("f") == "theirs");
    REQUIRE(disk.Content("in/a/folder.csv") == "rows");
  }
  SimulatedDisk disk(random);
  disk.Place("/x/a/b", "1");
  disk.Place("/x/a.b", "2");
  CHECK(disk.FilesBelow("/x") == std::vector<std::string>{"/x/a.b", "/x/a/b"});
  CHECK(disk.FilesBelow("x/a") == std::vector<std::string>{"x/a/b"});
  CHECK(disk.FilesBelow("nowhere").empty());
  CHECK(disk.Content("nowhere").empty());
}

}  // namespace
}  // namespace datong::simulation
