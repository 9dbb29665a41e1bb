// SPDX-License-Identifier: Apache-2.0
// The bytes of a batch never change silently: committed files decode to what they were made of, and making them again
// gives the same bytes. Run with DATONG_WRITE_GOLDEN=1 to write the files of a new format version.
#include <lz4.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "tests/support/source_path.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

struct Golden {
  std::string file;
  RecordBatch batch;
};

// Records as a source writes them: digests are part of what must not change.
RecordBatch WrittenCompanies(const RecordSchema& schema) {
  RecordBatch batch;
  batch.header.resource_id = schema.resource_id;
  batch.header.schema_version = schema.version;
  batch.header.codec = Codec::kNone;
  batch.header.digest_key_id = TestKey().id;
  batch.header.files = {{1, "companies.csv"}};
  RecordWriter writer(schema, TestKey());
  const std::vector<FieldText> full = {"91350100M000100Y43",
                                       "福建某某有限公司",
                                       "2015-09-01",
                                       "1000000.50",
                                       "42",
                                       "是",
                                       "2024-01-02T03:04:05.678901+08:00",
                                       "3.25",
                                       "c0ffee"};
  const std::vector<FieldText> sparse = {
      "91350100M000100Y43", "", std::nullopt, "0", "0", "否", std::nullopt, "-0.0", ""};
  REQUIRE_FALSE(writer.Append(full, Operation::kUpsert, {0, 1}, batch));
  REQUIRE_FALSE(writer.Append(sparse, Operation::kDelete, {0, 2}, batch));
  writer.AppendUnreadable({"ragged_row", "3 fields, expected 9"}, "a,b,c\n", {0, 3}, batch);
  return batch;
}

std::vector<Golden> Goldens() {
  std::vector<Golden> goldens;
  goldens.push_back({"none.bin", MakeBatch(5, Codec::kNone)});
  goldens.push_back({"lz4.bin", MakeBatch(20, Codec::kLz4)});
  goldens.push_back({"zstd.bin", MakeBatch(20, Codec::kZstd)});
  goldens.push_back({"empty.bin", MakeBatch(0, Codec::kZstd)});
  RecordBatch plain = MakeBatch(10, Codec::kNone);  // every column that may be left out is
  plain.columns.key = plain.columns.id;
  plain.columns.version.assign(10, 0);
  plain.columns.event_time.assign(10, 0);
  plain.columns.file_index.assign(10, 0);
  plain.columns.operation.assign(10, Operation::kUpsert);
  goldens.push_back({"short_columns.bin", plain});
  goldens.push_back({"same.bin", MakeBatchWithSame(40, Codec::kLz4)});
  goldens.push_back({"written_companies.bin", WrittenCompanies(CompanySchema())});
  return goldens;
}

// Another version of a compressor may pack the same payload differently; reading is unaffected.
bool SameCompressor(Codec codec) {
  if (codec == Codec::kLz4) return LZ4_versionNumber() == 10904;
  if (codec == Codec::kZstd) return ZSTD_versionNumber() == 10504;
  return true;
}

TEST_CASE("golden batches decode and encode to the same bytes") {
  for (const Golden& golden : Goldens()) {
    CAPTURE(golden.file);
    const std::string path = tests::SourcePath("tests/golden/batch/") + golden.file;
    const auto bytes = EncodeBatch(golden.batch);
    REQUIRE(bytes.ok());
    if (std::getenv("DATONG_WRITE_GOLDEN") != nullptr) {
      std::ofstream(path, std::ios::binary) << *bytes;
      std::cout << "wrote " << path << "\n";
    }
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file);
    const std::string stored((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    RecordBatch decoded;
    REQUIRE(DecodeBatch(stored, decoded).ok());
    CHECK(SameBatch(decoded, golden.batch));
    if (SameCompressor(golden.batch.header.codec)) {
      CHECK(*bytes == stored);
    } else {
      std::cout << "not compared byte for byte (another compressor version): " << golden.file << "\n";
    }
  }
}

}  // namespace
}  // namespace datong::record
