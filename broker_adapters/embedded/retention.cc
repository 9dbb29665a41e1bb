// SPDX-License-Identifier: Apache-2.0
// Drops rows that need not be kept, and the segment files that no row needs any longer: files only after the rows are
// durably gone, so a row never points to a file that was removed.
#include <absl/strings/str_cat.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "broker_adapters/embedded/embedded_engine.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::embedded {
namespace {

// Rows dropped in one go; commits take their turn in between.
constexpr size_t kRowsPerTurn = 512;

}  // namespace

absl::Status EmbeddedEngine::DropBefore(const broker::TopicPartition& of, broker::Position keep_from) {
  ASSIGN_OR_RETURN(TopicState* const topic, Find(of));
  for (bool done = false; !done;) {
    const CommitQueue::Exclusive exclusive(queue_);
    RETURN_IF_ERROR(DropSome(*topic, of.partition, keep_from, done));
  }
  return absl::OkStatus();
}

absl::Status EmbeddedEngine::DropSome(TopicState& topic, uint32_t partition, broker::Position keep_from, bool& done) {
  RETURN_IF_ERROR(Broken());
  PartitionRow bounds = topic.partitions[partition];
  keep_from = std::min(keep_from, bounds.end);
  done = keep_from <= bounds.kept_from || keep_from <= 1;
  if (done) return absl::OkStatus();

  rocksdb::WriteBatch batch;
  const std::string end_key = MessageKey(topic.id, partition, keep_from);
  const rocksdb::Slice bound(end_key);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> row(rows_->NewIterator(options));
  SegmentSequence& segments = Segments(topic.options.kind);
  absl::Status status;
  size_t dropped = 0;
  done = true;
  for (row->Seek(MessageKey(topic.id, partition, bounds.kept_from)); row->Valid(); row->Next()) {
    if (++dropped > kRowsPerTurn) {
      keep_from = PositionOfMessageKey(row->key().ToStringView());
      done = false;
      break;
    }
    MessageRow stored;
    status = DecodeLocations(row->value().ToStringView(), stored);
    if (!status.ok()) break;
    if (stored.envelope_at) segments.DropReference(stored.envelope_at->segment);
    if (stored.body_at) segments.DropReference(stored.body_at->segment);
    batch.Delete(row->key());
  }
  if (status.ok()) status = storage::FromRocksDb(row->status(), PathOf("rows"));
  if (!status.ok()) {
    RETURN_IF_ERROR(segments.Reject());
    return status;
  }
  bounds.kept_from = keep_from;
  batch.Put(PartitionKey(topic.id, partition), Encode(bounds));
  PutSegmentRows(batch);
  RETURN_IF_ERROR(WriteRows(batch, true));
  options_.steps->Reached("retention.rows_dropped");
  const auto unneeded = AcceptSegments();
  {
    const std::unique_lock lock(visible_);
    topic.partitions[partition] = bounds;
  }
  RemoveUnneeded(unneeded);
  return absl::OkStatus();
}

std::array<std::vector<uint32_t>, 3> EmbeddedEngine::AcceptSegments() {
  std::array<std::vector<uint32_t>, 3> unneeded;
  for (size_t i = 0; i < 3; ++i) unneeded[i] = segments_[i]->Accept();
  return unneeded;
}

void EmbeddedEngine::RemoveUnneeded(const std::array<std::vector<uint32_t>, 3>& unneeded) {
  for (size_t i = 0; i < 3; ++i) {
    for (const uint32_t number : unneeded[i]) {
      segment_reader_->Forget(kTopicKinds[i], number);
      // A file that stays behind is found and removed at the next start; no reason to fail anything.
      if (segments_[i]->RemoveFile(number).ok()) options_.steps->Reached("retention.segment_removed");
    }
  }
}

}  // namespace datong::embedded
