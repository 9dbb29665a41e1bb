// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/stored_batches.h"

#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {

absl::StatusOr<StoredBatches::Opened*> StoredBatches::At(broker::Position position) {
  if (any_ && opened_.message.position == position) return &opened_;
  any_ = false;
  ASSIGN_OR_RETURN(opened_.message, broker_.ReadAt(input_, position));
  RETURN_IF_ERROR(record::DecodeColumns(opened_.message.body.bytes(), opened_.packed));
  RETURN_IF_ERROR(record::DecodePayload(opened_.packed, opened_.payload));
  any_ = true;
  return &opened_;
}

}  // namespace datong::pipeline
