// SPDX-License-Identifier: Apache-2.0
// The same options give the same bytes, twice here and on every machine (a digest of a small run is written down);
// another seed gives others. Options out of range are refused in words.
#include <catch2/catch.hpp>
#include <string>

#include "connectors/generator/register_writer.h"
#include "exchange_core/base/digest.h"
#include "tests/support/temporary_directory.h"

namespace datong::generator {
namespace {

std::string AllBytes(const GeneratorOptions& options) {
  tests::TemporaryDirectory out;
  const auto facts = WriteRegisters(options, base::PosixFileSystem(), out.path());
  REQUIRE(facts.ok());
  std::string all = FactsAsJson(*facts);
  for (const RegisterFacts& of_register : facts->registers) {
    for (const FileFacts& file : of_register.files) {
      auto content = base::ReadWholeFile(base::PosixFileSystem(), out.Path(file.path), uint64_t{1} << 30);
      REQUIRE(content.ok());
      all += *content;
    }
  }
  return all;
}

TEST_CASE("same options, same bytes; another seed, other bytes") {
  GeneratorOptions options;
  options.records = 400;
  const std::string first = AllBytes(options);
  CHECK(first == AllBytes(options));
  CHECK(base::ToHex(base::Sha256(first)) == "2edc786c356fee3611b4bbb0087767102ff0d020cbb9f056018edbc7536afad3");
  options.seed = 2;
  CHECK(first != AllBytes(options));
}

TEST_CASE("writing over an earlier run leaves nothing of it") {
  tests::TemporaryDirectory out;
  GeneratorOptions options;
  options.records = 50;
  base::FileSystem& files = base::PosixFileSystem();
  auto size_of_companies = [&] {
    const auto facts = WriteRegisters(options, files, out.path());
    REQUIRE(facts.ok());
    const FileFacts& file = facts->registers[0].files[0];
    CHECK(base::ReadWholeFile(files, out.Path(file.path), 1 << 20)->size() == file.bytes);
    return file.bytes;
  };
  const uint64_t first = size_of_companies();
  // As a run that was broken off would have left it.
  REQUIRE(base::WriteWholeFileAtomically(files, out.Path("companies/companies-2024-01-01.csv.tmp"), "half a r").ok());
  CHECK(size_of_companies() == first);
}

TEST_CASE("options out of range are refused") {
  tests::TemporaryDirectory out;
  auto code_of = [&out](auto change) {
    GeneratorOptions options;
    change(options);
    return WriteRegisters(options, base::PosixFileSystem(), out.path()).status().code();
  };
  CHECK(code_of([](GeneratorOptions& o) { o.records = 0; }) == absl::StatusCode::kInvalidArgument);
  CHECK(code_of([](GeneratorOptions& o) { o.dumps = 0; }) == absl::StatusCode::kInvalidArgument);
  CHECK(code_of([](GeneratorOptions& o) { o.defects = 101; }) == absl::StatusCode::kInvalidArgument);
  CHECK(code_of([](GeneratorOptions& o) { o.changes = -1; }) == absl::StatusCode::kInvalidArgument);
  CHECK(code_of([](GeneratorOptions& o) {
          o.records = kRecordsMax;
          o.dumps = kDumpsMax;
        }) == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace datong::generator
