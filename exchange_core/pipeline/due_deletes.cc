// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/due_deletes.h"

#include <algorithm>
#include <tuple>

#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

bool VersionIsLater(base::TimeUs as_of, const record::RecordSchema& schema, const index::EntityEntry& entry) {
  if (schema.version_item < 0) return false;
  switch (schema.items[static_cast<size_t>(schema.version_item)].type) {
    case record::ItemType::kDate:
      return entry.version > as_of / kMicrosPerDay;
    case record::ItemType::kTimestamp:
      return entry.version > as_of;
    default:
      return false;  // a number says nothing about time
  }
}

}  // namespace

absl::StatusOr<std::vector<DueDelete>> FindDueDeletes(const catalog::Resource& resource,
                                                      const index::EntityIndex& index,
                                                      const snapshot::SnapshotStage& stage, base::TimeUs as_of,
                                                      StoredBatches& batches) {
  std::vector<DueDelete> due;
  const size_t entries = index.size();
  for (uint32_t number = stage.NextNotNamed(0); number < entries; number = stage.NextNotNamed(number + 1)) {
    if (!stage.IsDue(index, number)) continue;
    const index::EntityEntry& entry = index.At(number);
    if (VersionIsLater(as_of, *resource.schema, entry)) continue;
    due.push_back({entry.content_position, static_cast<uint32_t>(entry.content_record), number});
  }
  std::sort(due.begin(), due.end(), [](const DueDelete& a, const DueDelete& b) {
    return std::tie(a.position, a.record) < std::tie(b.position, b.record);
  });
  if (resource.schema->event_time_item < 0) return due;
  std::vector<DueDelete> kept;
  for (const DueDelete& one : due) {
    ASSIGN_OR_RETURN(const record::PackedBatch* batch, batches.ColumnsAt(one.position));
    if (one.record >= batch->columns.size()) return absl::DataLossError("an index entry points behind its batch");
    if (batch->columns.event_time[one.record] <= as_of) kept.push_back(one);
  }
  return kept;
}

}  // namespace datong::pipeline
