// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "exchange_core/broker/broker.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::pipeline {

// Input batches read again from the log, one open at a time: whoever asks in the order of positions opens each once.
// Errors name the place; DataLoss when a batch does not decode. Not thread-safe.
class StoredBatches {
 public:
  StoredBatches(broker::Broker& broker, broker::TopicPartition input) : broker_(broker), input_(std::move(input)) {}

  struct Opened {
    broker::Message message;
    record::PackedBatch packed;
    std::string payload;
    std::string_view record(size_t i) const {
      const uint32_t begin = i == 0 ? 0 : packed.columns.payload_end[i - 1];
      return std::string_view(payload).substr(begin, packed.columns.payload_end[i] - begin);
    }
  };
  // Valid until the next call.
  absl::StatusOr<Opened*> At(broker::Position position);
  struct Picked {
    record::RecordBatch batch;
    size_t opened_bytes = 0;  // of payload, for these records
  };
  // These records of the batch alone; they ascend. Costs less where they are few. Valid until the next call.
  absl::StatusOr<Picked*> PickAt(broker::Position position, std::span<const uint32_t> records);
  // As At, without opening the payload.
  absl::StatusOr<const record::PackedBatch*> ColumnsAt(broker::Position position);

  // What was decompressed so far is out of proportion to what was stored: payloads made to blow up. Whoever opens
  // batches only to explain something stops here.
  bool out_of_proportion() const { return payload_bytes_ > kPayloadBytesFree + kPayloadRatioUsual * stored_bytes_; }

 private:
  static constexpr uint64_t kPayloadBytesFree = uint64_t{256} << 20;
  static constexpr uint64_t kPayloadRatioUsual = 50;

  broker::Broker& broker_;
  const broker::TopicPartition input_;
  bool has_columns_ = false, has_payload_ = false;  // of opened_
  Opened opened_;
  Picked picked_;
  uint64_t payload_bytes_ = 0, stored_bytes_ = 0;
};

}  // namespace datong::pipeline
