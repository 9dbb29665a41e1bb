// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker_adapters/embedded/body_cache.h"
#include "broker_adapters/embedded/commit_queue.h"
#include "broker_adapters/embedded/embedded_broker.h"
#include "broker_adapters/embedded/engine_rows.h"
#include "broker_adapters/embedded/segment_reader.h"
#include "broker_adapters/embedded/segment_sequence.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace datong::embedded {

struct TopicState {
  std::string name;
  uint32_t id = 0;
  broker::TopicOptions options;
  std::vector<PartitionRow> partitions;
};

struct WriterState {
  std::string identity;
  uint64_t epoch = 0;
  bool transaction_open = false;  // the holder's thread only
};

// Remembers in a body read from a segment where it stands.
class SegmentOrigin final : public broker::Body::Origin {
 public:
  SegmentOrigin(uint64_t origin_engine, broker::TopicKind origin_kind, const BlockLocation& origin_at)
      : engine(origin_engine), kind(origin_kind), at(origin_at) {}
  const uint64_t engine;  // the opening it is true for
  const broker::TopicKind kind;
  const BlockLocation at;
};

// The engine behind OpenEmbeddedBroker(). Two locks: the commit queue lets one thread change things at a time;
// `visible_` is held for the moment in which a change becomes visible, all of it at once. Files and rows are written
// under the first, never under the second.
class EmbeddedEngine final : public broker::Broker {
 public:
  explicit EmbeddedEngine(const EmbeddedOptions& options);
  ~EmbeddedEngine() override;
  absl::Status Open();  // engine_open.cc; once, before anything else

  absl::Status CreateTopics(const std::vector<broker::NamedTopic>& topics) override;
  absl::StatusOr<broker::TopicOptions> DescribeTopic(const std::string& topic) override;
  std::vector<std::string> ListTopics() override;
  absl::StatusOr<std::unique_ptr<broker::Writer>> OpenWriter(const std::string& identity) override;
  absl::StatusOr<std::unique_ptr<broker::Reader>> OpenReader(const broker::TopicPartition& from,
                                                             broker::Position next) override;
  absl::StatusOr<broker::Message> ReadAt(const broker::TopicPartition& from, broker::Position position) override;
  absl::StatusOr<std::optional<broker::Position>> CommittedPosition(std::string_view group,
                                                                    const broker::TopicPartition& from) override;
  absl::StatusOr<broker::PartitionBounds> Bounds(const broker::TopicPartition& of) override;
  absl::Status DropBefore(const broker::TopicPartition& of, broker::Position keep_from) override;  // retention.cc
  absl::StatusOr<std::vector<broker::HealthWarning>> Health(const std::vector<broker::PlaceOfReader>& places) override;
  void SetCommitListener(CommitListener listener) override;

  // --- for readers and transactions of this engine ---
  absl::StatusOr<TopicState*> Find(const broker::TopicPartition& of);  // NotFound
  PartitionRow Visible(const TopicState& topic, uint32_t partition);
  absl::StatusOr<broker::Message> ToMessage(const TopicState& topic, uint32_t partition, broker::Position position,
                                            std::string_view row);
  rocksdb::DB& rows() { return *rows_; }
  bool Fenced(const WriterState& writer);
  absl::Status Commit(CommitRequest& request);

 private:
  absl::Status MakeTopic(const std::string& topic, const broker::TopicOptions& options);
  struct Group;  // what one round of commits changes; group_commit.cc

  // engine_open.cc
  absl::Status PrepareDirectory(bool& fresh);
  absl::Status BreakClosingSeal();
  absl::Status LoadRows();
  absl::Status RecoverSegments(bool fresh);
  absl::Status ForEachRow(char letter, const std::function<absl::Status(std::string_view, std::string_view)>& use);
  void CloseInOrder();

  // group_commit.cc; under the commit queue
  void CommitGroup(const std::vector<CommitRequest*>& requests);
  absl::Status Stage(Group& group, const CommitRequest& request);
  absl::Status StageAppend(Group& group, const PendingAppend& append);
  absl::StatusOr<std::optional<BlockLocation>> Place(Group& group, broker::TopicKind kind, const broker::Body& body);
  absl::Status WriteSegments();
  bool PutSegmentRows(
      rocksdb::WriteBatch& batch);  // true: a segment goes away, so its file may go once this is durable
  absl::Status WriteRows(rocksdb::WriteBatch& batch, bool synced);
  void Publish(Group& group);

  // retention.cc; under the commit queue
  absl::Status DropSome(TopicState& topic, uint32_t partition, broker::Position keep_from, bool& done);
  void RemoveUnneeded(const std::array<std::vector<uint32_t>, 3>& unneeded);
  std::array<std::vector<uint32_t>, 3> AcceptSegments();

  absl::Status BreakWith(const absl::Status& cause);
  absl::Status Broken();
  SegmentSequence& Segments(broker::TopicKind kind) { return *segments_[static_cast<size_t>(kind) - 1]; }
  bool synced() const { return options_.durability == Durability::kSync; }
  std::string PathOf(std::string_view name) const;

  const EmbeddedOptions options_;
  const uint64_t opening_;  // differs for every opening in this process
  std::unique_ptr<base::FileLock> lock_;
  storage::RowStore rows_;
  std::unique_ptr<SegmentReader> segment_reader_;
  BodyCache bodies_;
  bool opened_ = false;

  CommitQueue queue_;
  std::array<std::unique_ptr<SegmentSequence>, 3> segments_;  // under queue_; in the order of kTopicKinds
  CommitRow commit_;                                          // under queue_

  // Changed under queue_ and `visible_` both; so read under either.
  std::shared_mutex visible_;
  absl::flat_hash_map<std::string, std::unique_ptr<TopicState>> topics_;
  absl::flat_hash_map<std::string, broker::Position> group_positions_;  // by GroupKey()
  absl::flat_hash_map<std::string, uint64_t> writer_epochs_;

  std::mutex broken_mutex_;
  absl::Status broken_;  // set once: state on disk unknown, only reading goes on

  std::mutex listener_mutex_;
  std::shared_ptr<const CommitListener> listener_;
};

}  // namespace datong::embedded
