// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "connectors/runner/remembered_rows.h"
#include "connectors/sdk/row_batch.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/record/record_batch.h"

namespace datong::runner {

// What is known of rows before they are made into records: known[i] = 1 where row i becomes what claims[i] says.
struct RecalledRows {
  std::vector<base::Digest> signatures;
  record::RecordClaims claims;
  std::vector<uint8_t> known;
};

// Signs the rows (SignRows), recalls them from what is `remembered` (may be null), and parses those that are not known.
void RecallRows(sdk::RowBatch& rows, bool by_raw, RememberedRows* remembered, RecalledRows& recalled);

}  // namespace datong::runner
