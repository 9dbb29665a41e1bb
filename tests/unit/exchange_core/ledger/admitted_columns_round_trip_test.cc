// SPDX-License-Identifier: Apache-2.0
// What an index is to learn again comes back exactly, for any batch; bytes that do not fit the verdicts are refused.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "exchange_core/base/random.h"
#include "exchange_core/ledger/ledger_entry.h"

namespace datong::ledger {
namespace {

uint64_t Seed() {
  const char* text = std::getenv("DATONG_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "DATONG_SEED=" << seed << "\n";
  return seed;
}

struct Sample {
  record::BatchHeader header;
  record::RecordColumns columns;
  std::vector<Verdict> verdicts;
};

Sample MakeSample(base::RandomSource& random, size_t records) {
  Sample sample;
  sample.header.files = {{1, "a"}, {(1u << 24) - 1, "b"}, {7, "c"}};
  for (size_t i = 0; i < records; ++i) {
    auto& columns = sample.columns;
    columns.id.push_back({random.Next(), random.Next()});
    columns.key.push_back({random.Next(), random.Next()});
    columns.fingerprint.push_back({random.Next(), random.Next()});
    columns.operation.push_back(record::Operation::kUpsert);
    columns.version.push_back(random.Below(2) == 0 ? static_cast<int64_t>(random.Next()) : static_cast<int64_t>(i));
    columns.event_time.push_back(0);
    columns.file_index.push_back(static_cast<uint32_t>(random.Below(3)));
    columns.row.push_back(random.Below(2) == 0 ? random.Next() >> 24 : i);
    columns.payload_end.push_back(0);
    constexpr Verdict kSome[] = {Verdict::kInserted,     Verdict::kUpdated, Verdict::kDeleted,
                                 Verdict::kDuplicate,    Verdict::kStale,   Verdict::kUnchangedNewer,
                                 Verdict::kUnreadableRow};
    sample.verdicts.push_back(kSome[random.Below(std::size(kSome))]);
  }
  return sample;
}

TEST_CASE("admitted columns come back exactly") {
  base::SeededRandom random(Seed());
  for (int round = 0; round < 200; ++round) {
    const Sample sample = MakeSample(random, random.Below(300));
    for (const bool entity : {true, false}) {
      const std::string bytes = EncodeAdmitted(sample.header, sample.columns, sample.verdicts, entity);
      AdmittedColumns back;
      REQUIRE(DecodeAdmitted(bytes, sample.verdicts, entity, back).ok());
      size_t n = 0;
      for (size_t i = 0; i < sample.verdicts.size(); ++i) {
        if (!IsKept(sample.verdicts[i])) continue;
        REQUIRE(n < back.size());
        CHECK(back.record[n] == i);
        CHECK(back.verdict[n] == sample.verdicts[i]);
        CHECK(back.key[n] == (entity ? sample.columns.key[i] : sample.columns.id[i]));
        if (entity) {
          CHECK(back.fingerprint[n] == sample.columns.fingerprint[i]);
          CHECK(back.version[n] == sample.columns.version[i]);
          record::RecordBatch batch;
          batch.header = sample.header;
          batch.columns = sample.columns;
          CHECK(back.source_order[n] == batch.source_order(i));
        }
        ++n;
      }
      CHECK(back.size() == n);
    }
  }
}

TEST_CASE("bytes cut anywhere, too long, of another version or for other verdicts are refused") {
  base::SeededRandom random(1);
  const Sample sample = MakeSample(random, 40);
  for (const bool entity : {true, false}) {
    const std::string bytes = EncodeAdmitted(sample.header, sample.columns, sample.verdicts, entity);
    AdmittedColumns back;
    for (size_t size = 0; size < bytes.size(); ++size) {
      CHECK(absl::IsDataLoss(DecodeAdmitted(std::string_view(bytes).substr(0, size), sample.verdicts, entity, back)));
    }
    CHECK(absl::IsDataLoss(DecodeAdmitted(bytes + '\0', sample.verdicts, entity, back)));
    std::string newer = bytes;
    newer[0] = 2;
    CHECK(absl::IsUnimplemented(DecodeAdmitted(newer, sample.verdicts, entity, back)));
    auto other = sample.verdicts;
    other.push_back(Verdict::kInserted);
    CHECK(absl::IsDataLoss(DecodeAdmitted(bytes, other, entity, back)));
  }
}

TEST_CASE("a batch of which nothing is admitted costs one byte") {
  Sample sample;
  AdmittedColumns back;
  const std::string bytes = EncodeAdmitted(sample.header, sample.columns, sample.verdicts, true);
  CHECK(bytes.size() == 1);
  CHECK(DecodeAdmitted(bytes, sample.verdicts, true, back).ok());
  CHECK(back.size() == 0);
}

}  // namespace
}  // namespace datong::ledger
