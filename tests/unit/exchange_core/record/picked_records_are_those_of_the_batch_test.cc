// SPDX-License-Identifier: Apache-2.0
// A few records picked from a batch are what they are in it, and nothing is picked from one that is damaged where it
// leads to them.
#include <catch2/catch.hpp>

#include "exchange_core/record/batch_codec.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

void CheckPicked(const RecordBatch& batch, const std::vector<uint32_t>& records) {
  RecordBatch picked;
  const auto opened = PickRecordsOfDecided(*EncodeBatch(batch), records, picked);
  REQUIRE(opened.ok());
  CHECK(*opened >= (records.empty() ? 0 : batch.columns.payload_end[records.back()]));
  REQUIRE(picked.size() == records.size());
  if (records.empty()) return;
  CHECK(picked.header == batch.header);
  size_t same = 0;
  for (size_t to = 0; to < records.size(); ++to) {
    const uint32_t i = records[to];
    CAPTURE(i);
    const RecordColumns &a = picked.columns, &b = batch.columns;
    CHECK((a.id[to] == b.id[i] && a.key[to] == b.key[i] && a.fingerprint[to] == b.fingerprint[i]));
    CHECK((a.operation[to] == b.operation[i] && a.version[to] == b.version[i] && a.event_time[to] == b.event_time[i]));
    CHECK((a.file_index[to] == b.file_index[i] && a.row[to] == b.row[i]));
    CHECK(picked.record(to) == batch.record(i));
    if (a.operation[to] != Operation::kSame) continue;
    const auto before = std::count(b.operation.begin(), b.operation.begin() + i, Operation::kSame);
    CHECK(a.same_entry.at(same++) == b.same_entry.at(static_cast<size_t>(before)));
  }
  CHECK(picked.columns.same_entry.size() == same);
}

TEST_CASE("picked records are those of the batch") {
  base::SeededRandom random(7);
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    for (const size_t size : {1, 2, 40, 900}) {
      CAPTURE(static_cast<int>(codec), size);
      RecordBatch plain = MakeBatch(size, codec, size);
      plain.columns.key = plain.columns.id;
      plain.columns.fingerprint.assign(size, {});
      for (const RecordBatch& batch : {MakeBatch(size, codec), MakeBatchWithSame(size, codec), plain}) {
        std::vector<uint32_t> some, all;
        for (uint32_t i = 0; i < size; ++i) {
          all.push_back(i);
          if (random.Below(20) == 0) some.push_back(i);
        }
        CheckPicked(batch, some);
        CheckPicked(batch, all);
        CheckPicked(batch, {static_cast<uint32_t>(size - 1)});
        CheckPicked(batch, {});
      }
    }
  }
}

TEST_CASE("what a batch does not have is not picked, and damage before it is seen") {
  const std::string bytes = *EncodeBatch(MakeBatchWithSame(300, Codec::kLz4));
  const std::vector<uint32_t> last = {299}, behind = {299, 300};
  RecordBatch picked;
  CHECK(PickRecordsOfDecided(bytes, behind, picked).status().code() == absl::StatusCode::kDataLoss);
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(PickRecordsOfDecided(bytes.substr(0, size), last, picked).ok());
  }
  for (size_t at = 0; at + 34 < bytes.size(); ++at) {  // whatever comes out, it lies inside
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    if (!PickRecordsOfDecided(damaged, last, picked).ok()) continue;
    REQUIRE(picked.size() == 1);
    REQUIRE(picked.record(0).size() == picked.payload.size());
  }
}

}  // namespace
}  // namespace datong::record
