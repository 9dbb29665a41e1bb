// SPDX-License-Identifier: Apache-2.0
// The file layer does what its header promises: appends and reads back, replaces atomically, locks once, names its
// errors.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "exchange_core/base/file_system.h"
#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"

namespace datong::base {
namespace {

using Catch::Matchers::Contains;
using tests::TemporaryDirectory;

TEST_CASE("what is appended is read back, across openings and truncation") {
  const TemporaryDirectory folder;
  FileSystem& files = PosixFileSystem();
  const std::string path = folder.path() + "/a";
  {
    auto file = files.OpenAppend(path).value();
    REQUIRE(file->Append("hello ").ok());
    REQUIRE(file->Append("world").ok());
    REQUIRE(file->Sync().ok());
    CHECK(file->Size() == 11);
    REQUIRE(file->Close().ok());
  }
  CHECK(ReadWholeFile(files, path, 100).value() == "hello world");
  CHECK(absl::IsResourceExhausted(ReadWholeFile(files, path, 10).status()));
  REQUIRE(files.Truncate(path, 5).ok());
  auto file = files.OpenAppend(path).value();
  CHECK(file->Size() == 5);
  REQUIRE(file->Append("!").ok());
  auto read = files.OpenRead(path).value();
  char out[16] = {};
  CHECK(read->ReadAt(3, sizeof out, out).value() == 3);
  CHECK(std::string(out, 3) == "lo!");
  CHECK(read->ReadAt(6, sizeof out, out).value() == 0);
  CHECK(read->Size().value() == 6);
}

TEST_CASE("folders are made, listed in order, renamed in and removed from") {
  const TemporaryDirectory folder;
  FileSystem& files = PosixFileSystem();
  REQUIRE(files.MakeDirectories(folder.path() + "/x/y/z").ok());
  REQUIRE(files.MakeDirectories(folder.path() + "/x/y/z").ok());
  for (const char* name : {"b", "a", "c"}) {
    REQUIRE(WriteWholeFileAtomically(files, folder.path() + "/x/" + name, name).ok());
  }
  CHECK(files.List(folder.path() + "/x").value() == std::vector<std::string>{"a", "b", "c", "y"});
  REQUIRE(files.Rename(folder.path() + "/x/a", folder.path() + "/x/b").ok());
  CHECK(ReadWholeFile(files, folder.path() + "/x/b", 10).value() == "a");
  REQUIRE(files.Remove(folder.path() + "/x/b").ok());
  CHECK_FALSE(files.Exists(folder.path() + "/x/b").value());
  CHECK(files.Exists(folder.path() + "/x/c").value());
  REQUIRE(files.SyncDirectory(folder.path() + "/x").ok());
}

TEST_CASE("errors say which path and why") {
  const TemporaryDirectory folder;
  FileSystem& files = PosixFileSystem();
  const auto missing = files.OpenRead(folder.path() + "/missing").status();
  CHECK(absl::IsNotFound(missing));
  CHECK_THAT(std::string(missing.message()), Contains(folder.path() + "/missing") && Contains("No such file"));
  CHECK(absl::IsNotFound(files.Remove(folder.path() + "/missing")));
  CHECK(absl::IsNotFound(files.List(folder.path() + "/missing").status()));
  REQUIRE(WriteWholeFileAtomically(files, folder.path() + "/file", "").ok());
  CHECK_FALSE(files.MakeDirectories(folder.path() + "/file").ok());
}

TEST_CASE("an atomic write replaces the old content whole, also over the half of a killed run") {
  const TemporaryDirectory folder;
  FileSystem& files = PosixFileSystem();
  const std::string path = folder.path() + "/state";
  REQUIRE(WriteWholeFileAtomically(files, path, "first").ok());
  REQUIRE(files.OpenAppend(path + ".tmp").value()->Append("half of a killed run").ok());
  REQUIRE(WriteWholeFileAtomically(files, path, "second").ok());
  CHECK(ReadWholeFile(files, path, 100).value() == "second");
  CHECK_FALSE(files.Exists(path + ".tmp").value());
}

TEST_CASE("a lock has one holder, also within one process, and the refusal names it") {
  const TemporaryDirectory folder;
  FileSystem& files = PosixFileSystem();
  auto held = files.Lock(folder.path() + "/LOCK").value();
  const auto refused = files.Lock(folder.path() + "/LOCK").status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK_THAT(std::string(refused.message()), Contains(std::to_string(::getpid())) && Contains(folder.path() + "/LOCK"));
  held.reset();
  CHECK(files.Lock(folder.path() + "/LOCK").ok());
}

TEST_CASE("a full disk leaves the old content, says so, and the file goes on when there is space again") {
  const TemporaryDirectory folder;
  tests::QuotaFileSystem files(PosixFileSystem());
  REQUIRE(WriteWholeFileAtomically(files, folder.path() + "/state", "old").ok());
  files.SetBytesLeft(4);
  const auto full = WriteWholeFileAtomically(files, folder.path() + "/state", "too much");
  CHECK(absl::IsResourceExhausted(full));
  CHECK(ReadWholeFile(files, folder.path() + "/state", 100).value() == "old");
  files.SetBytesLeft(6);
  auto log = files.OpenAppend(folder.path() + "/log").value();
  REQUIRE(log->Append("abc").ok());
  CHECK(absl::IsResourceExhausted(log->Append("defghi")));
  CHECK(log->Size() == 3);
  files.SetUnlimited();
  REQUIRE(log->Append("DEFGHI").ok());
  CHECK(ReadWholeFile(files, folder.path() + "/log", 100).value() == "abcDEFGHI");
}

}  // namespace
}  // namespace datong::base
