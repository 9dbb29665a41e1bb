// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace datong::record {

// The payload of a record with Operation::kUnreadable: the row as it stands at the source, and why it is no record.
struct RejectedRow {
  std::string reason;      // stable code
  std::string detail;      // for a person
  std::string raw;         // original bytes; cut when larger than a record may be
  bool cut = false;        // raw was cut
  std::string raw_sha256;  // 32 bytes: digest of the whole original
};

std::string EncodeRejectedRow(const RejectedRow& row);  // proto/datong/exchange/v1/rejected_row.proto, framed
absl::StatusOr<RejectedRow> DecodeRejectedRow(std::string_view bytes);

}  // namespace datong::record
