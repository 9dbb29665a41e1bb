// SPDX-License-Identifier: Apache-2.0
// A wrong command line is answered with exit code 2, every command has help with an example, and a command on a
// directory without an exchange changes nothing and says what is missing.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/command_line.h"
#include "tests/support/temporary_directory.h"

namespace datong::cli {
namespace {

struct Ran {
  int code;
  std::string out;
};

Ran Run(const std::vector<std::string>& arguments) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  Ran ran{};
  {
    Output output(file);
    ran.code = RunCommandLine(arguments, Ground(), Terminal(), output);
  }
  std::fclose(file);
  ran.out.assign(text, size);
  std::free(text);
  return ran;
}

}  // namespace

TEST_CASE("wrong command lines give 2") {
  CHECK(Run({"fles"}).code == 2);
  CHECK(Run({"quarantine"}).code == 2);
  CHECK(Run({"quarantine", "lst"}).code == 2);
  CHECK(Run({"files"}).code == 2);  // which exchange?
  CHECK(Run({"files", "-d", "x", "--outpt", "json"}).code == 2);
  CHECK(Run({"files", "-d", "x", "--output", "xml"}).code == 2);
  CHECK(Run({"tail", "-d", "x"}).code == 2);
  CHECK(Run({"import", "r", "-d", "x"}).code == 2);
  CHECK(Run({"import", "r", "f", "--wait", "forever", "-d", "x"}).code == 2);
  CHECK(Run({"snapshot", "confirm", "-1", "--why", "x", "-d", "x"}).code == 2);
}

TEST_CASE("every command has help with an example") {
  const std::string help = Run({"--help"}).out;
  for (const char* name :
       {"run", "apply", "import", "files", "books", "lag", "tail", "trace", "state", "verify", "version"}) {
    CAPTURE(name);
    CHECK(help.find(name) != std::string::npos);
    const Ran ran = Run({name, "--help"});
    CHECK(ran.code == 0);
    CHECK(ran.out.find("Example:") != std::string::npos);
    CHECK(ran.out.find("--output") != std::string::npos);
  }
  for (const auto& [group, name] : {std::pair{"quarantine", "list"},
                                    {"quarantine", "show"},
                                    {"quarantine", "export"},
                                    {"catalog", "show"},
                                    {"catalog", "proto"},
                                    {"topics", "plan"},
                                    {"topics", "apply"}}) {
    const Ran ran = Run({group, name, "--help"});
    CHECK(ran.code == 0);
    CHECK(ran.out.find("Example:") != std::string::npos);
  }
  CHECK(Run({}).out == help);
}

TEST_CASE("version, in three forms") {
  CHECK(Run({"--version"}).out.starts_with("datong "));
  CHECK(Run({"version", "--output", "ndjson"}).out.starts_with("{\"program\":\"datong\""));
  CHECK(Run({"version", "--output", "json"}).out.starts_with("{\"rows\":[\n{\"program\":"));
}

TEST_CASE("where no exchange is, none is made") {
  tests::TemporaryDirectory directory;
  const std::string path = directory.path() + "/absent";
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"files"},
                                                                                     {"books"},
                                                                                     {"lag"},
                                                                                     {"verify"},
                                                                                     {"catalog", "show"},
                                                                                     {"topics", "plan"},
                                                                                     {"topics", "apply"},
                                                                                     {"trace", "k"},
                                                                                     {"tail", "s"},
                                                                                     {"import", "r", "f"}}) {
    std::vector<std::string> arguments = words;
    arguments.insert(arguments.end(), {"-d", path});
    CHECK(Run(arguments).code == 4);
  }
  CHECK_FALSE(*base::PosixFileSystem().Exists(path));
}

TEST_CASE("a directory that was said counts more than the environment's") {
  tests::TemporaryDirectory folder;
  REQUIRE(setenv("DATONG_DATA_DIR", folder.path().c_str(), 1) == 0);
  // The one of the environment exists and is a directory without an exchange: 4. A file cannot be one at all.
  CHECK(Run({"files"}).code == 4);
  const std::string absent = folder.Path("absent");
  for (const auto& words : {std::vector<std::string>{"-d", absent, "apply", "-f"}, {"apply", "-d", absent, "-f"}}) {
    std::vector<std::string> arguments = words;
    const std::string catalog = folder.Path("catalog.yaml");
    std::ofstream(catalog) << "departments: [{name: tax}]\n";
    arguments.push_back(catalog);
    CHECK(Run(arguments).code == 0);
    CHECK(*base::PosixFileSystem().Exists(absent + "/log"));
    std::filesystem::remove_all(absent);
  }
  unsetenv("DATONG_DATA_DIR");
}

}  // namespace datong::cli
