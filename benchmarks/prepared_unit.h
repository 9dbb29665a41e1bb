// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "exchange_core/client/exchange_client.h"

namespace datong::benchmarks {

inline constexpr uint64_t kSeed = 20'240'601;
inline constexpr uint64_t kRepeatsPerHundred = 10;  // records that an earlier row of the unit brought already
inline constexpr size_t kBatchesPerPublish = 8;

// One file's worth of company records, packed as a source connector packs them, before any clock runs.
struct PreparedUnit {
  client::UnitRun run;
  uint32_t source_id = 0;
  std::vector<client::PublishBatch> batches;  // in the order of publishing
  std::vector<uint32_t> batch_records;        // of each
  uint64_t records = 0;
  uint64_t distinct = 0;       // accepted, when all of it is published to an empty exchange
  uint64_t payload_bytes = 0;  // protobuf
  uint64_t encoded_bytes = 0;  // all batches: columns and compressed payload
};

absl::StatusOr<PreparedUnit> PrepareUnit(const client::ResourceInfo& resource, const client::UnitRun& run,
                                         uint32_t source_id, uint64_t records);

// Publishes copies of the unit's batches, kBatchesPerPublish per transaction, from one thread.
class UnitPublisher {
 public:
  explicit UnitPublisher(const PreparedUnit& unit);          // copies now
  absl::Status PublishAll(client::PublishSession& session);  // once

 private:
  struct Publish {
    std::vector<client::PublishBatch> batches;
    uint64_t records = 0;
  };
  std::vector<Publish> publishes_;
};

}  // namespace datong::benchmarks
