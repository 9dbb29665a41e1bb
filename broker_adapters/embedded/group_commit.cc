// SPDX-License-Identifier: Apache-2.0
// The one place that makes things true: payload bytes to the segments, synced; then one write to the rows.
#include <absl/strings/str_cat.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "broker_adapters/embedded/embedded_engine.h"
#include "broker_adapters/embedded/embedded_transaction.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::embedded {
namespace {

// How many positions to leave out before `end`: looks random, is the same in every run.
uint64_t Gap(uint32_t gap_max, uint32_t topic_id, uint32_t partition, broker::Position end) {
  if (gap_max == 0) return 0;
  uint64_t mixed = end * 0x9e3779b97f4a7c15ull + (uint64_t{topic_id} << 32 | partition) * 0xbf58476d1ce4e5b9ull;
  mixed = (mixed ^ (mixed >> 31)) * 0x94d049bb133111ebull;
  return (mixed ^ (mixed >> 29)) % (uint64_t{gap_max} + 1);
}

}  // namespace

struct EmbeddedEngine::Group {
  struct NewBody {
    broker::TopicKind kind;
    BlockLocation at;
    broker::Body body;
  };

  uint64_t sequence = 0;
  base::TimeUs now = 0;
  rocksdb::WriteBatch batch;
  absl::flat_hash_map<std::pair<TopicState*, uint32_t>, PartitionRow> partitions;  // as they will be
  absl::flat_hash_map<std::pair<uint8_t, const void*>, BlockLocation> placed;      // by kind and Body::identity()
  std::vector<NewBody> new_bodies;
  std::vector<const PendingAdvance*> advances;
};

void EmbeddedEngine::CommitGroup(const std::vector<CommitRequest*>& requests) {
  options_.steps->Reached("commit.begin");
  Group group;
  group.sequence = commit_.sequence + 1;
  group.now = options_.clock->Now();
  absl::Status status = Broken();
  std::vector<CommitRequest*> accepted;
  for (CommitRequest* request : requests) {
    if (status.ok() && Fenced(*request->writer)) {
      request->status = FencedError(*request->writer);
    } else {
      accepted.push_back(request);
    }
  }
  for (size_t i = 0; i < accepted.size() && status.ok(); ++i) status = Stage(group, *accepted[i]);
  if (accepted.empty()) return;
  if (status.ok()) status = WriteSegments();
  if (absl::IsResourceExhausted(status)) {
    // Nothing is true yet, so all of it can be taken back; the engine goes on when there is space again.
    for (auto& segments : segments_) {
      if (const absl::Status rejected = segments->Reject(); !rejected.ok()) status = BreakWith(rejected);
    }
  } else if (status.ok()) {
    const bool segment_goes = PutSegmentRows(group.batch);
    for (const auto& [place, row] : group.partitions) {
      group.batch.Put(PartitionKey(place.first->id, place.second), Encode(row));
    }
    commit_.sequence = group.sequence;
    group.batch.Put(CommitKey(), Encode(commit_));
    status = WriteRows(group.batch, synced() || segment_goes);
    if (status.ok()) Publish(group);
  } else if (Broken().ok()) {
    status = BreakWith(status);
  }
  for (CommitRequest* request : accepted) request->status = status;
}

absl::Status EmbeddedEngine::Stage(Group& group, const CommitRequest& request) {
  for (const PendingAppend& append : request.appends) RETURN_IF_ERROR(StageAppend(group, append));
  for (const PendingAdvance& advance : request.advances) {
    group.batch.Put(advance.group_key, EncodeNumber(advance.next));
    group.advances.push_back(&advance);
  }
  return absl::OkStatus();
}

absl::Status EmbeddedEngine::StageAppend(Group& group, const PendingAppend& append) {
  const broker::TopicKind kind = append.topic->options.kind;
  std::optional<BlockLocation> envelope_at;
  if (append.envelope.size() > options_.inline_bytes_max) {
    ASSIGN_OR_RETURN(envelope_at, Segments(kind).Append(append.envelope, group.sequence));
    Segments(kind).AddReference(envelope_at->segment);
  }
  ASSIGN_OR_RETURN(const std::optional<BlockLocation> body_at, Place(group, kind, append.body));
  if (body_at) Segments(kind).AddReference(body_at->segment);

  const auto [it, fresh] = group.partitions.try_emplace({append.topic, append.partition});
  PartitionRow& row = it->second;
  if (fresh) row = append.topic->partitions[append.partition];
  const broker::Position position =
      row.end + Gap(options_.position_gap_max, append.topic->id, append.partition, row.end);
  row.end = position + 1;
  row.last_append = std::max(row.last_append, group.now);
  group.batch.Put(
      MessageKey(append.topic->id, append.partition, position),
      EncodeMessage(row.last_append, append.key, append.envelope, envelope_at, append.body.bytes(), body_at));
  return absl::OkStatus();
}

// Where the body stands, storing it only when it stands nowhere yet. Bodies of one kind are not referred to from
// another: a ledger entry that is kept for years would keep a whole segment of records with it.
absl::StatusOr<std::optional<BlockLocation>> EmbeddedEngine::Place(Group& group, broker::TopicKind kind,
                                                                   const broker::Body& body) {
  if (body.bytes().size() <= options_.inline_bytes_max) return std::nullopt;
  const auto [it, fresh] = group.placed.try_emplace({static_cast<uint8_t>(kind), body.identity()});
  if (!fresh) return it->second;
  const auto* origin = dynamic_cast<const SegmentOrigin*>(body.origin());
  std::optional<BlockLocation> known;
  if (origin != nullptr && origin->engine == opening_ && origin->kind == kind) known = origin->at;
  if (!known) known = bodies_.LocationOf(kind, body);
  if (known && Segments(kind).Contains(known->segment)) return it->second = *known;
  ASSIGN_OR_RETURN(it->second, Segments(kind).Append(body.bytes(), group.sequence));
  group.new_bodies.push_back({kind, it->second, body});
  return it->second;
}

absl::Status EmbeddedEngine::WriteSegments() {
  for (auto& segments : segments_) RETURN_IF_ERROR(segments->Write());
  options_.steps->Reached("commit.segment_appended");
  if (synced()) {
    for (auto& segments : segments_) {
      // Also when the disk is full: the system may have dropped pages, and a second sync would not tell.
      if (const absl::Status status = segments->Sync(); !status.ok()) return BreakWith(status);
    }
  }
  options_.steps->Reached("commit.segment_synced");
  return absl::OkStatus();
}

bool EmbeddedEngine::PutSegmentRows(rocksdb::WriteBatch& batch) {
  bool goes = false;
  for (size_t i = 0; i < 3; ++i) {
    for (const auto& [number, state] : segments_[i]->StagedRows()) {
      const std::string key = SegmentKey(kTopicKinds[i], number);
      if (state) {
        batch.Put(key, Encode(*state));
      } else {
        batch.Delete(key);
        goes = true;
      }
    }
    commit_.next_segment[i] = segments_[i]->next_number();
  }
  return goes;
}

absl::Status EmbeddedEngine::WriteRows(rocksdb::WriteBatch& batch, bool synced) {
  rocksdb::WriteOptions options;
  options.sync = synced;
  const rocksdb::Status status = rows_->Write(options, &batch);
  if (status.ok()) return absl::OkStatus();
  return BreakWith(storage::FromRocksDb(status, PathOf("rows")));
}

void EmbeddedEngine::Publish(Group& group) {
  options_.steps->Reached("commit.index_written");
  for (const auto& added : group.new_bodies) bodies_.Insert(added.kind, added.at, added.body);
  const auto unneeded = AcceptSegments();
  {
    const std::unique_lock lock(visible_);
    for (const auto& [place, row] : group.partitions) place.first->partitions[place.second] = row;
    for (const PendingAdvance* advance : group.advances) group_positions_[advance->group_key] = advance->next;
  }
  RemoveUnneeded(unneeded);
}

}  // namespace datong::embedded
