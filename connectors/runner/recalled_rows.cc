// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/recalled_rows.h"

#include "connectors/runner/row_signature.h"

namespace datong::runner {

void RecallRows(sdk::RowBatch& rows, bool by_raw, RememberedRows* remembered, RecalledRows& recalled) {
  SignRows(rows, by_raw, recalled.signatures);
  if (remembered != nullptr) {
    remembered->Recall(recalled.signatures, recalled.claims, recalled.known);
  } else {
    recalled.claims.resize(rows.rows());
    recalled.known.assign(rows.rows(), 0);
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (recalled.known[row] == 0) {
      rows.Parse(row);
    } else if (rows.is_parsed(row) && (rows.unreadable(row) != nullptr || rows.is_delete(row))) {
      recalled.known[row] = 0;  // what such a row becomes does not follow from its text alone
    }
  }
}

}  // namespace datong::runner
