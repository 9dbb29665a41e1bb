// SPDX-License-Identifier: Apache-2.0
#include "connectors/sdk/row_batch.h"

namespace datong::sdk {

void RowBatch::AddUnreadable(uint64_t row_number, std::string reason, std::string detail, std::string_view raw_bytes) {
  BeginUnreadable(row_number, std::move(reason), std::move(detail), raw_bytes);
  EndRow();
}

void RowBatch::BeginUnreadable(uint64_t row_number, std::string reason, std::string detail,
                               std::string_view raw_bytes) {
  BeginRow(row_number);
  row_unreadable_.back() = static_cast<int32_t>(unreadable_.size());
  unreadable_.push_back({std::move(reason), std::move(detail), std::string(raw_bytes)});
  unreadable_bytes_ += raw_bytes.size();
}

void RowBatch::Clear() {
  arena_.clear();
  values_.clear();
  row_ends_.clear();
  row_raw_.clear();
  row_numbers_.clear();
  row_deletes_.clear();
  row_unreadable_.clear();
  unreadable_.clear();
  unreadable_bytes_ = 0;
}

}  // namespace datong::sdk
