// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connectors/sdk/sink_connector.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/record_schema.h"

namespace datong::runner {

// Delivered record batches as the text that sinks write. One walk over each record; memory is kept from batch to batch.
// Not thread-safe.
class DeliveryDecoder {
 public:
  explicit DeliveryDecoder(const record::RecordSchema& schema);

  const std::vector<std::string>& items() const { return into_.items; }
  // All deliveries at or behind `from_position`. The answer's views point into `deliveries` and this object, until the
  // next call.
  const sdk::DeliveryBatch& Decode(const std::vector<client::Delivery>& deliveries, uint64_t from_position);

 private:
  struct Formatted {  // a value that is text only in the arena
    size_t value;
    size_t offset;
    size_t size;
  };
  void AddRecord(const client::Delivery& delivery, size_t i);
  void AddValues(std::string_view record);

  const record::RecordSchema schema_;
  std::vector<int> item_of_field_;  // by field number; -1: not ours
  sdk::DeliveryBatch into_;
  std::vector<size_t> key_offsets_;  // per record, in the arena
  std::vector<Formatted> formatted_;
};

}  // namespace datong::runner
