// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/status.h"

// How a department's system becomes a sink: three verbs; the result of Write is the acknowledgement.
namespace datong::sdk {

enum class ChangeKind : uint8_t { kInsert, kUpdate, kDelete };

// What is delivered, decoded to text. Filled by the runner; rows are in delivery order (per key: the order of the
// source).
struct DeliveryBatch {
  struct Record {
    ChangeKind change = ChangeKind::kInsert;
    std::string_view key;          // 32 hex digits: digest of the business key, the same for every change of one object
    std::string_view source_file;  // base name, may be empty
    uint64_t source_row = 0;
    uint32_t lane = 0;
    uint64_t sequence = 0;   // gap-free within (subscription's stream, lane)
    size_t first_value = 0;  // into values
  };
  std::vector<std::string> items;  // names, in the order of a record's values
  std::vector<Record> records;
  std::vector<std::optional<std::string_view>> values;  // items.size() per record; nullopt = absent

  // Everything above may also be kept as bytes here; views point into it.
  std::string arena;

  std::optional<std::string_view> value(size_t record, size_t item) const {
    return values[records[record].first_value + item];
  }
};

struct RefusedRecord {
  size_t index = 0;    // into DeliveryBatch::records
  std::string reason;  // code: text, shown to provider and operator
};

struct WriteResult {
  Status status = Status::Ok();  // not OK: nothing of the batch was applied; Retry repeats it, Fail stops the sink
  std::vector<RefusedRecord> refused;  // the rest was applied
};

// What the sink stored together with its data.
struct SinkState {
  struct Refusal {
    uint32_t lane = 0;
    uint64_t sequence = 0;
    std::string reason;
  };
  std::string position;          // of the last Write that took effect; empty = none
  std::vector<Refusal> refused;  // of that last Write, for a receipt lost in a crash
};

// What a sink is to hold.
struct SinkContent {
  std::string subscription;  // its name, for people
  // Stands for the subscription and the exchange it belongs to; never another's. Positions mean nothing under another
  // identity.
  std::string identity;
  std::vector<std::string> items;  // the columns that will be delivered
};

class SinkConnector {
 public:
  virtual ~SinkConnector() = default;
  // Connects; finds what an earlier run stored. A target that holds what belongs to another identity is left alone:
  // Fail with code "foreign_target".
  virtual Status Open(const SinkContent& content, SinkState& stored) = 0;
  // Applies the batch and stores `position` with it in one atomic step; a target that cannot must be idempotent
  // instead. Positions sort as strings.
  virtual WriteResult Write(const DeliveryBatch& batch, const std::string& position) = 0;
  virtual void Close() = 0;
};

}  // namespace datong::sdk
