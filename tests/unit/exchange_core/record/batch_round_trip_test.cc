// SPDX-License-Identifier: Apache-2.0
// What is packed into a batch comes out of it unchanged, under every codec, and equal batches give equal bytes.
#include <catch2/catch.hpp>
#include <numeric>

#include "exchange_core/base/limits.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kLz4, Codec::kZstd};

TEST_CASE("a batch survives encoding and decoding under every codec") {
  RecordBatch reused;
  for (const Codec codec : kCodecs) {
    for (const size_t records : {0, 1, 2, 7, 8, 9, 63, 1000, 2500}) {
      CAPTURE(static_cast<int>(codec), records);
      const RecordBatch batch = MakeBatch(records, codec, 1 + records);
      const auto bytes = EncodeBatch(batch);
      REQUIRE(bytes.ok());
      REQUIRE(DecodeBatch(*bytes, reused).ok());
      REQUIRE(SameBatch(reused, batch));
      REQUIRE(*EncodeBatch(reused) == *bytes);
      REQUIRE(*EncodeBatch(batch) == *bytes);
    }
  }
}

TEST_CASE("records that say the same have an entry in place of their digests") {
  RecordBatch reused;
  for (size_t records = 1; records < 500; records += 1 + records / 3) {
    CAPTURE(records);
    const RecordBatch batch = MakeBatchWithSame(records, Codec::kLz4, records);
    const auto bytes = EncodeBatch(batch);
    REQUIRE(bytes.ok());
    REQUIRE(DecodeBatch(*bytes, reused).ok());
    REQUIRE(SameBatch(reused, batch));
    REQUIRE(*EncodeBatch(reused) == *bytes);
    REQUIRE(DecodeBatch(*EncodeBatch(MakeBatch(records, Codec::kLz4)), reused).ok());
    REQUIRE(reused.columns.same_entry.empty());
  }
}

TEST_CASE("a row that says the same takes three bytes where rows and entries follow one another") {
  const auto bytes_of = [](size_t records) {
    RecordBatch batch;
    std::vector<uint32_t> entries(records);
    std::vector<uint64_t> rows(records);
    std::iota(entries.begin(), entries.end(), 70'000);
    std::iota(rows.begin(), rows.end(), 5);
    const std::vector<int64_t> zeros(records);
    RecordWriter::AppendSame(entries, rows, zeros, zeros, batch);
    return EncodeBatch(batch)->size();
  };
  CHECK(bytes_of(100) - bytes_of(50) == 150);
}

TEST_CASE("columns can be read without the payload, and the payload later") {
  const RecordBatch batch = MakeBatch(300, Codec::kZstd);
  const std::string bytes = *EncodeBatch(batch);
  PackedBatch packed;
  REQUIRE(DecodeColumns(bytes, packed).ok());
  CHECK(SameColumns(packed.columns, batch.columns));
  CHECK(packed.header == batch.header);
  CHECK(packed.payload_bytes == batch.payload.size());
  CHECK(packed.seal == base::Sha256(std::string_view(bytes).substr(0, bytes.size() - 34)));
  CHECK(packed.compressed_payload.data() > bytes.data());
  const TimeRange range = KnownTimeRange(batch.columns.event_time);
  CHECK(packed.event_time_min == range.min);
  CHECK(packed.event_time_max == range.max);
  std::string payload;
  REQUIRE(DecodePayload(packed, payload).ok());
  CHECK(payload == batch.payload);
}

TEST_CASE("columns that need no bytes take none") {
  RecordBatch batch = MakeBatch(100, Codec::kNone);
  const size_t full = EncodeBatch(batch)->size();
  batch.columns.key = batch.columns.id;
  const size_t without_key = EncodeBatch(batch)->size();
  CHECK(full - without_key == 1600);
  batch.columns.version.assign(100, 0);
  batch.columns.event_time.assign(100, 0);
  batch.columns.file_index.assign(100, 0);
  batch.columns.operation.assign(100, Operation::kUpsert);
  const std::string bytes = *EncodeBatch(batch);
  CHECK(bytes.size() < without_key - 300);
  RecordBatch again;
  REQUIRE(DecodeBatch(bytes, again).ok());
  CHECK(SameBatch(again, batch));
}

TEST_CASE("digest columns lie at multiples of 16 bytes") {
  for (size_t name = 0; name < 20; ++name) {
    RecordBatch batch = MakeBatch(3, Codec::kNone);
    batch.header.files[0].name = std::string(name, 'f');
    const std::string bytes = *EncodeBatch(batch);
    const std::string first(reinterpret_cast<const char*>(batch.columns.id.data()), 16);
    CHECK(bytes.find(first) % 16 == 0);
  }
}

TEST_CASE("source order grows by file, then by row") {
  RecordBatch batch = MakeBatch(2, Codec::kNone);
  batch.columns.file_index = {0, 1};
  batch.columns.row = {(uint64_t{1} << 40) - 1, 1};
  CHECK(batch.source_order(0) == (uint64_t{17} << 40 | ((uint64_t{1} << 40) - 1)));
  CHECK(batch.source_order(0) < batch.source_order(1));
  batch.header.files.clear();
  batch.columns.file_index = {0, 0};
  CHECK(batch.source_order(1) == 1);
}

TEST_CASE("what is no valid batch is not packed") {
  const auto refused = [](auto spoil) {
    RecordBatch batch = MakeBatch(3, Codec::kLz4);
    spoil(batch);
    return EncodeBatch(batch).status().code() == absl::StatusCode::kInvalidArgument;
  };
  CHECK(refused([](RecordBatch& b) { b.columns.row.pop_back(); }));
  CHECK(refused([](RecordBatch& b) { b.columns.id.emplace_back(); }));
  CHECK(refused([](RecordBatch& b) { b.payload += "x"; }));
  CHECK(refused([](RecordBatch& b) { b.columns.payload_end = {5, 4, b.columns.payload_end[2]}; }));
  CHECK(refused([](RecordBatch& b) { b.columns.file_index[1] = 2; }));
  CHECK(refused([](RecordBatch& b) { b.columns.row[1] = uint64_t{1} << 40; }));
  CHECK(refused([](RecordBatch& b) { b.columns.operation[0] = static_cast<Operation>(7); }));
  CHECK(refused([](RecordBatch& b) { b.columns.operation[0] = Operation::kSame; }));
  CHECK(refused([](RecordBatch& b) { b.columns.same_entry.push_back(1); }));
  CHECK(refused([](RecordBatch& b) { b.header.codec = static_cast<Codec>(3); }));
  CHECK(refused([](RecordBatch& b) { b.header.crypto_suite = 1; }));
  CHECK(refused([](RecordBatch& b) { b.header.nonce = "n"; }));
  CHECK(refused([](RecordBatch& b) { b.header.digest_algorithm = 2; }));
  CHECK(refused([](RecordBatch& b) { b.header.snapshot_marks = 8; }));
  CHECK(refused([](RecordBatch& b) { b.header.files[0].name = "\xb5\xd8"; }));
  CHECK(refused([](RecordBatch& b) { b.header.files[0].sequence = 1u << 24; }));
  CHECK(refused([](RecordBatch& b) { b.header.files[0].name.assign(base::kNameBytesMax + 1, 'n'); }));
  CHECK(refused([](RecordBatch& b) { b.header.files.resize(base::kBatchFilesMax + 1); }));
  CHECK(refused([](RecordBatch& b) { b.header.resume_position.resize(kResumePositionBytesMax + 1); }));
  CHECK(refused([](RecordBatch& b) {
    b.payload.resize(base::kRecordBytesMax + 1 + b.columns.payload_end[1]);
    b.columns.payload_end[2] = static_cast<uint32_t>(b.payload.size());
  }));
}

TEST_CASE("a record of the largest size fits") {
  RecordBatch batch = MakeBatch(1, Codec::kLz4);
  batch.payload.assign(base::kRecordBytesMax, 'r');
  batch.columns.payload_end[0] = base::kRecordBytesMax;
  RecordBatch again;
  REQUIRE(DecodeBatch(*EncodeBatch(batch), again).ok());
  CHECK(SameBatch(again, batch));
}

}  // namespace
}  // namespace datong::record
