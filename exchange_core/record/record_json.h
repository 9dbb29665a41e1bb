// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "exchange_core/record/record_schema.h"

namespace datong::record {

// The record's items as one JSON object on one line: item name -> value as text in its canonical form (the forms of
// FieldAsText); absent items are left out, and so is what the schema does not know. Valid UTF-8 whatever the values
// hold.
std::string RecordAsJson(const RecordSchema& schema, std::string_view record);

// The way back: appends the record's protobuf bytes to `payload`. InvalidArgument: not such an object, or a value that
// does not have its item's form.
absl::Status AppendRecordFromJson(const RecordSchema& schema, std::string_view json, std::string& payload);

}  // namespace datong::record
