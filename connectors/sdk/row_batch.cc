// SPDX-License-Identifier: Apache-2.0
#include "connectors/sdk/row_batch.h"

namespace datong::sdk {

void RowBatch::AddUnreadable(uint64_t row_number, std::string reason, std::string detail, std::string_view raw) {
  BeginRow(row_number, raw);
  SetUnreadable(std::move(reason), std::move(detail));
  EndRow();
}

void RowBatch::SetUnreadable(std::string reason, std::string detail) {
  rows_[at_hand_].unreadable = static_cast<int32_t>(unreadable_.size());
  unreadable_.push_back({std::move(reason), std::move(detail)});
}

void RowBatch::ParseNow(size_t row) {
  at_hand_ = row;
  rows_[row].is_parsed = true;
  rows_[row].first_value = static_cast<uint32_t>(values_.size());
  parsed_from_ = raw(row);
  parser_->Parse(parsed_from_, *this);
  EndRow();
}

void RowBatch::Clear() {
  arena_.clear();
  rows_.clear();
  values_.clear();
  unreadable_.clear();
  may_be_unparsed_ = false;
  parser_.reset();
}

}  // namespace datong::sdk
