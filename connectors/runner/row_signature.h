// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/sdk/row_batch.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::runner {

// Stands for everything besides a row that decides what record it becomes: schema, map of columns, secret of the
// domain, and where rows are signed by their raw bytes the unit's reading.
base::Digest MeaningOf(const client::ResourceInfo& resource, const ColumnMap& columns, std::string_view reading);

// A signature stands for a row as its source handed it over: equal rows have equal ones, other rows others (128 bits,
// not keyed: whoever makes two rows meet hides a change of his own data from nobody but himself). `by_raw`: it is made
// of the row's raw bytes alone, parsed or not; else of all there is of it, and no row may be unparsed.
void SignRows(const sdk::RowBatch& rows, bool by_raw, std::vector<base::Digest>& signatures);

}  // namespace datong::runner
