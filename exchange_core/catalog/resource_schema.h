// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>

#include "exchange_core/record/record_schema.h"

namespace datong::catalog::v1 {
class Resource;
}

namespace datong::catalog {

// Compiles what the data path needs from a resource as the catalog holds it; retired items are left out.
// InvalidArgument when the resource contradicts itself or a limit: the frontend never makes such a one, a foreign topic
// may.
absl::StatusOr<std::shared_ptr<const record::RecordSchema>> CompileSchema(const v1::Resource& resource);

}  // namespace datong::catalog
