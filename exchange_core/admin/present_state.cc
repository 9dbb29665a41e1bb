// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/present_state.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <tuple>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::admin {

std::vector<PresentEntry> PresentEntries(node::Exchange& exchange, const catalog::Resource& resource) {
  std::vector<PresentEntry> entries;
  for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
    exchange.InspectLane(catalog::LaneOf(resource, partition, exchange.lanes()), [&](const pipeline::LaneView& view) {
      const index::EntityIndex* index = view.entity_index(resource.id, partition);
      if (index == nullptr) return;
      index->ForEach([&](const index::EntityEntry& entry) {
        if (entry.deleted == 0 && entry.content_position != index::kNoContent) entries.push_back({partition, entry});
      });
    });
  }
  const auto place = [](const PresentEntry& one) {
    return std::tuple(one.partition, one.entry.content_position, one.entry.content_record);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const PresentEntry& a, const PresentEntry& b) { return place(a) < place(b); });
  return entries;
}

absl::Status ReadPresent(
    node::Exchange& exchange, const catalog::Resource& resource, const std::vector<PresentEntry>& entries,
    const std::function<absl::Status(const record::RecordBatch&, size_t, const PresentEntry&)>& use) {
  record::RecordBatch batch;
  const PresentEntry* open = nullptr;
  for (const PresentEntry& one : entries) {
    const bool same = open != nullptr && open->partition == one.partition &&
                      open->entry.content_position == one.entry.content_position;
    if (!same) {
      const broker::TopicPartition from{resource.publish_topic(), one.partition};
      const auto message = exchange.broker().ReadAt(from, one.entry.content_position);
      if (!message.ok()) {
        return absl::Status(message.status().code(),
                            absl::StrCat("the present record of a key is not at ", from.topic, "/", from.partition, ":",
                                         one.entry.content_position, ": ", message.status().message()));
      }
      RETURN_IF_ERROR(record::DecodeBatch(message->body.bytes(), batch));
      open = &one;
    }
    if (one.entry.content_record >= batch.size()) return absl::DataLossError("an index entry points behind its batch");
    RETURN_IF_ERROR(use(batch, one.entry.content_record, one));
  }
  return absl::OkStatus();
}

}  // namespace datong::admin
