// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/record_batch.h"

#include <algorithm>

namespace datong::record {

void RecordColumns::clear() {
  id.clear();
  key.clear();
  fingerprint.clear();
  operation.clear();
  version.clear();
  event_time.clear();
  file_index.clear();
  row.clear();
  payload_end.clear();
}

void RecordColumns::reserve(size_t records) {
  id.reserve(records);
  key.reserve(records);
  fingerprint.reserve(records);
  operation.reserve(records);
  version.reserve(records);
  event_time.reserve(records);
  file_index.reserve(records);
  row.reserve(records);
  payload_end.reserve(records);
}

uint64_t RecordBatch::source_order(size_t i) const {
  const uint32_t file = columns.file_index[i];
  const uint64_t sequence = file < header.files.size() ? header.files[file].sequence : 0;
  return sequence << 40 | columns.row[i];
}

void RecordBatch::clear() {
  header = BatchHeader();
  columns.clear();
  payload.clear();
}

TimeRange KnownTimeRange(std::span<const base::TimeUs> times) {
  TimeRange range;
  bool any = false;
  for (const base::TimeUs time : times) {
    if (time == 0) continue;
    range.min = any ? std::min(range.min, time) : time;
    range.max = any ? std::max(range.max, time) : time;
    any = true;
  }
  return range;
}

}  // namespace datong::record
