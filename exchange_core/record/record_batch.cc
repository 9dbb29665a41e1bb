// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/record_batch.h"

#include <algorithm>

namespace datong::record {
namespace {

template <typename T>
void AppendPart(const std::vector<T>& from, size_t begin, size_t end, std::vector<T>& to) {
  to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(begin), from.begin() + static_cast<ptrdiff_t>(end));
}

template <typename T>
void CopyPart(const std::vector<T>& from, size_t begin, size_t end, std::vector<T>& to, size_t at) {
  std::copy_n(from.data() + begin, end - begin, to.data() + at);
}

}  // namespace

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
  same_entry.clear();
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

void RecordClaims::set(size_t i, const RecordClaim& claim) {
  key[i] = claim.key;
  fingerprint[i] = claim.fingerprint;
  version[i] = claim.version;
  event_time[i] = claim.event_time;
}

void RecordClaims::push_back(const RecordClaim& claim) {
  key.push_back(claim.key);
  fingerprint.push_back(claim.fingerprint);
  version.push_back(claim.version);
  event_time.push_back(claim.event_time);
}

void RecordClaims::append(const RecordClaims& from, size_t begin, size_t end) {
  AppendPart(from.key, begin, end, key);
  AppendPart(from.fingerprint, begin, end, fingerprint);
  AppendPart(from.version, begin, end, version);
  AppendPart(from.event_time, begin, end, event_time);
}

void RecordClaims::copy(const RecordClaims& from, size_t begin, size_t end, size_t to) {
  CopyPart(from.key, begin, end, key, to);
  CopyPart(from.fingerprint, begin, end, fingerprint, to);
  CopyPart(from.version, begin, end, version, to);
  CopyPart(from.event_time, begin, end, event_time, to);
}

void RecordClaims::clear() { resize(0); }

void RecordClaims::resize(size_t records) {
  key.resize(records);
  fingerprint.resize(records);
  version.resize(records);
  event_time.resize(records);
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
