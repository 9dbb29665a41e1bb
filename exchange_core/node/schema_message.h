// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "exchange_core/record/record_schema.h"

namespace datong::exchange::v1 {
class DescribedSchema;
}

namespace datong::node {

// A schema as a connector at a department is told it.
void ToMessage(const record::RecordSchema& schema, exchange::v1::DescribedSchema& into);
// DataLoss when it contradicts itself: an index that is none, a type that nobody knows.
absl::StatusOr<record::RecordSchema> FromMessage(const exchange::v1::DescribedSchema& message);

}  // namespace datong::node
