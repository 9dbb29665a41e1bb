// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/stored_batches.h"

#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {

absl::StatusOr<const record::PackedBatch*> StoredBatches::ColumnsAt(broker::Position position) {
  if (has_columns_ && opened_.message.position == position) return &opened_.packed;
  has_columns_ = has_payload_ = false;
  ASSIGN_OR_RETURN(opened_.message, broker_.ReadAt(input_, position));
  RETURN_IF_ERROR(record::DecodeColumnsOfDecided(opened_.message.body.bytes(), opened_.packed));
  has_columns_ = true;
  return &opened_.packed;
}

absl::StatusOr<StoredBatches::Opened*> StoredBatches::At(broker::Position position) {
  if (has_payload_ && opened_.message.position == position) return &opened_;
  RETURN_IF_ERROR(ColumnsAt(position).status());
  RETURN_IF_ERROR(record::DecodePayload(opened_.packed, opened_.payload));
  payload_bytes_ += opened_.payload.size();
  stored_bytes_ += opened_.packed.compressed_payload.size();
  has_payload_ = true;
  return &opened_;
}

absl::StatusOr<StoredBatches::Picked*> StoredBatches::PickAt(broker::Position position,
                                                             std::span<const uint32_t> records) {
  ASSIGN_OR_RETURN(const broker::Message message, broker_.ReadAt(input_, position));
  ASSIGN_OR_RETURN(picked_.opened_bytes, record::PickRecordsOfDecided(message.body.bytes(), records, picked_.batch));
  return &picked_;
}

}  // namespace datong::pipeline
