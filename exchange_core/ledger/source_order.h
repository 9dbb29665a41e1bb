// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "exchange_core/record/record_batch.h"

namespace datong::ledger {

// The source's order in one number, as RecordBatch::source_order() makes it: file sequence above, 40 bits of row below.
inline constexpr unsigned kRowBits = 40;
inline constexpr uint64_t kRowMask = (uint64_t{1} << kRowBits) - 1;

inline uint64_t SourceOrder(const record::BatchHeader& header, const record::RecordColumns& columns, size_t i) {
  const uint32_t file = columns.file_index[i];
  const uint64_t sequence = file < header.files.size() ? header.files[file].sequence : 0;
  return sequence << kRowBits | columns.row[i];
}

}  // namespace datong::ledger
