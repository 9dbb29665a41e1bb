// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <string>

#include "exchange_core/admin/question.h"

namespace datong::admin {

// One row that was held back, as its provider gets it.
struct QuarantinedRow {
  std::string id;  // "<lane>-<ledger entry>-<record>": stable for ever
  std::string resource, file;
  uint64_t row = 0;
  std::string reason;  // the source's own code where it could not read the row, else the verdict
  std::string detail;
  std::string raw;        // original bytes; of a record that was readable: its protobuf bytes
  bool original = false;  // raw are the bytes of the row at its source
  bool cut = false;       // raw is only the beginning
  uint64_t run = 0;
  uint32_t lane = 0;
  uint64_t ledger_sequence = 0;
  base::TimeUs time = 0;
};

// Every row in the quarantine topics of all departments that is of `resource` (empty: any), oldest first within a
// department. `visit` returns false to stop.
absl::Status WalkQuarantine(node::Exchange& exchange, const std::string& resource,
                            const std::function<bool(const QuarantinedRow&)>& visit);

}  // namespace datong::admin
