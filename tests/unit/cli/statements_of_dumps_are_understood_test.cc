// SPDX-License-Identifier: Apache-2.0
// What a catalog or an import states of dumps becomes what the file source holds them against; a word that means
// nothing is named.
#include <catch2/catch.hpp>

#include "cli/connector_factory.h"

namespace datong::cli {
namespace {

using Options = std::map<std::string, std::string>;

file::FileSourceOptions Read(const Options& options) {
  file::FileSourceOptions into;
  const absl::Status read = ReadDialect(options, into);
  INFO(read.ToString());
  CHECK(read.ok());
  return into;
}

std::string Refusal(const Options& options) {
  file::FileSourceOptions into;
  const absl::Status read = ReadDialect(options, into);
  CHECK_FALSE(read.ok());
  return std::string(read.message().data(), read.message().size());
}

TEST_CASE("parts of a manifest, a trailer and the place of the date reach the source") {
  file::FileSourceOptions read = Read({{"manifest", "sha256\ncount"}, {"trailer", "合计"}, {"as_of", "name"}});
  CHECK(read.manifest.sha256);
  CHECK(read.manifest.count);
  CHECK_FALSE(read.manifest.as_of);
  CHECK(read.trailer == "合计");
  CHECK(read.as_of_in_name);
  for (const Options& options : {Options{{"as_of", "manifest"}}, Options{{"manifest", "as_of"}},
                                 Options{{"manifest", "as_of"}, {"as_of", "manifest"}}}) {
    read = Read(options);
    CHECK(read.manifest.as_of);
    CHECK_FALSE(read.as_of_in_name);
  }
  read = Read({{"as_of", "item"}});
  CHECK_FALSE(read.manifest.any());
  CHECK_FALSE(read.as_of_in_name);
  CHECK_FALSE(Read({}).manifest.any());
  CHECK_FALSE(Read({{"manifest", ""}}).manifest.any());
}

TEST_CASE("words that mean nothing, or two things, are named") {
  CHECK(Refusal({{"manifest", "sha256\nmd5"}}).find("md5") != std::string::npos);
  CHECK(Refusal({{"as_of", "today"}}).find("today") != std::string::npos);
  CHECK(Refusal({{"as_of", "name"}, {"manifest", "as_of"}}).find("as_of") != std::string::npos);
}

}  // namespace
}  // namespace datong::cli
