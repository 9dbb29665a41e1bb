// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/embedded_engine.h"

#include <absl/strings/str_cat.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "broker_adapters/embedded/embedded_reader.h"
#include "broker_adapters/embedded/embedded_transaction.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::embedded {
namespace {

std::atomic<uint64_t> openings{0};

std::string Described(const broker::TopicOptions& options) {
  return absl::StrCat(base::Absl(KindName(options.kind)), " with ", options.partitions, " partitions");
}

}  // namespace

absl::StatusOr<std::unique_ptr<broker::Broker>> OpenEmbeddedBroker(const EmbeddedOptions& options) {
  auto engine = std::make_unique<EmbeddedEngine>(options);
  RETURN_IF_ERROR(engine->Open());
  return engine;
}

EmbeddedEngine::EmbeddedEngine(const EmbeddedOptions& options)
    : options_(options),
      opening_(++openings),
      bodies_(options.body_cache_bytes),
      queue_([this](const std::vector<CommitRequest*>& requests) { CommitGroup(requests); }) {}

EmbeddedEngine::~EmbeddedEngine() { CloseInOrder(); }

std::string EmbeddedEngine::PathOf(std::string_view name) const {
  return absl::StrCat(options_.directory, "/", base::Absl(name));
}

// --- topics ---

absl::Status EmbeddedEngine::CreateTopics(const std::vector<broker::NamedTopic>& topics) {
  for (const broker::NamedTopic& one : topics) RETURN_IF_ERROR(MakeTopic(one.topic, one.options));
  return absl::OkStatus();
}

absl::Status EmbeddedEngine::MakeTopic(const std::string& topic, const broker::TopicOptions& options) {
  if (topic.empty() || topic.size() > base::kNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a topic's name has 1 to ", base::kNameBytesMax, " bytes, not ", topic.size()));
  }
  if (options.partitions == 0 || options.partitions > base::kPartitionsMax) {
    return absl::InvalidArgumentError(absl::StrCat("topic ", topic, ": 1 to ", base::kPartitionsMax,
                                                   " partitions are possible, not ", options.partitions));
  }
  if (KindName(options.kind) == "unknown")
    return absl::InvalidArgumentError(absl::StrCat("topic ", topic, ": unknown kind"));
  const CommitQueue::Exclusive exclusive(queue_);
  if (const auto it = topics_.find(topic); it != topics_.end()) {
    const broker::TopicOptions& known = it->second->options;
    if (known.kind == options.kind && known.partitions == options.partitions) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrCat("topic ", topic, " exists as ", Described(known), ", not as ", Described(options)));
  }
  RETURN_IF_ERROR(Broken());
  auto state = std::make_unique<TopicState>();
  state->name = topic;
  state->id = commit_.next_topic_id;
  state->options = options;
  state->partitions.resize(options.partitions);
  CommitRow commit = commit_;
  ++commit.next_topic_id;
  rocksdb::WriteBatch batch;
  batch.Put(TopicKey(topic), Encode(TopicRow{state->id, options}));
  batch.Put(CommitKey(), Encode(commit));
  RETURN_IF_ERROR(WriteRows(batch, synced()));
  commit_ = commit;
  const std::unique_lock lock(visible_);
  topics_[topic] = std::move(state);
  return absl::OkStatus();
}

absl::StatusOr<broker::TopicOptions> EmbeddedEngine::DescribeTopic(const std::string& topic) {
  const std::shared_lock lock(visible_);
  const auto it = topics_.find(topic);
  if (it == topics_.end()) return absl::NotFoundError(absl::StrCat("there is no topic ", topic));
  return it->second->options;
}

std::vector<std::string> EmbeddedEngine::ListTopics() {
  std::vector<std::string> names;
  {
    const std::shared_lock lock(visible_);
    names.reserve(topics_.size());
    for (const auto& [name, state] : topics_) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<TopicState*> EmbeddedEngine::Find(const broker::TopicPartition& of) {
  const std::shared_lock lock(visible_);
  const auto it = topics_.find(of.topic);
  if (it == topics_.end()) return absl::NotFoundError(absl::StrCat("there is no topic ", of.topic));
  if (of.partition >= it->second->options.partitions) {
    return absl::NotFoundError(absl::StrCat("topic ", of.topic, " has ", it->second->options.partitions,
                                            " partitions, and so no partition ", of.partition));
  }
  return it->second.get();
}

PartitionRow EmbeddedEngine::Visible(const TopicState& topic, uint32_t partition) {
  const std::shared_lock lock(visible_);
  return topic.partitions[partition];
}

// --- writing ---

absl::StatusOr<std::unique_ptr<broker::Writer>> EmbeddedEngine::OpenWriter(const std::string& identity) {
  if (identity.empty() || identity.size() > base::kNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a writer's identity has 1 to ", base::kNameBytesMax, " bytes, not ", identity.size()));
  }
  // Waits for the commit under way: after this returns, the older holder either has committed or never will.
  const CommitQueue::Exclusive exclusive(queue_);
  RETURN_IF_ERROR(Broken());
  const auto known = writer_epochs_.find(identity);
  const uint64_t epoch = known == writer_epochs_.end() ? 1 : known->second + 1;
  rocksdb::WriteBatch batch;
  batch.Put(WriterKey(identity), EncodeNumber(epoch));
  RETURN_IF_ERROR(WriteRows(batch, synced()));
  const std::unique_lock lock(visible_);
  writer_epochs_[identity] = epoch;
  return std::make_unique<EmbeddedWriter>(*this, std::make_shared<WriterState>(WriterState{identity, epoch}));
}

bool EmbeddedEngine::Fenced(const WriterState& writer) {
  const std::shared_lock lock(visible_);
  const auto it = writer_epochs_.find(writer.identity);
  return it == writer_epochs_.end() || it->second != writer.epoch;
}

absl::Status EmbeddedEngine::Commit(CommitRequest& request) {
  queue_.Commit(request);
  if (!request.status.ok()) return request.status;
  std::shared_ptr<const CommitListener> listener;
  {
    const std::lock_guard lock(listener_mutex_);
    listener = listener_;
  }
  if (listener != nullptr && *listener) (*listener)(request.topics_written);
  return absl::OkStatus();
}

void EmbeddedEngine::SetCommitListener(CommitListener listener) {
  auto shared = std::make_shared<const CommitListener>(std::move(listener));
  const std::lock_guard lock(listener_mutex_);
  listener_ = std::move(shared);
}

absl::Status EmbeddedEngine::BreakWith(const absl::Status& cause) {
  const std::lock_guard lock(broken_mutex_);
  if (broken_.ok()) {
    broken_ = absl::UnavailableError(
        absl::StrCat(options_.directory, ": what the last write left on disk is unknown (", cause.message(),
                     "). Nothing more is written; see to the disk and reopen the directory"));
  }
  return broken_;
}

absl::Status EmbeddedEngine::Broken() {
  const std::lock_guard lock(broken_mutex_);
  return broken_;
}

// --- reading ---

absl::StatusOr<std::unique_ptr<broker::Reader>> EmbeddedEngine::OpenReader(const broker::TopicPartition& from,
                                                                           broker::Position next) {
  ASSIGN_OR_RETURN(TopicState* const topic, Find(from));
  return std::make_unique<EmbeddedReader>(*this, *topic, from.partition, next);
}

absl::StatusOr<broker::Message> EmbeddedEngine::ReadAt(const broker::TopicPartition& from, broker::Position position) {
  ASSIGN_OR_RETURN(TopicState* const topic, Find(from));
  const auto nothing = [&] {
    return absl::NotFoundError(absl::StrCat(from.topic, "/", from.partition, " has no message at position ", position));
  };
  const PartitionRow bounds = Visible(*topic, from.partition);
  if (position < bounds.kept_from || position >= bounds.end) return nothing();
  std::string row;
  const rocksdb::Status got = rows_->Get(rocksdb::ReadOptions(), MessageKey(topic->id, from.partition, position), &row);
  if (got.IsNotFound()) return nothing();
  RETURN_IF_ERROR(storage::FromRocksDb(got, PathOf("rows")));
  auto message = ToMessage(*topic, from.partition, position, row);
  if (!message.ok() && position < Visible(*topic, from.partition).kept_from) return nothing();  // dropped meanwhile
  return message;
}

absl::StatusOr<broker::Message> EmbeddedEngine::ToMessage(const TopicState& topic, uint32_t partition,
                                                          broker::Position position, std::string_view row) {
  const auto in_place = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(topic.name, "/", partition, " position ", position, ": ", status.message()));
  };
  MessageRow stored;
  if (const absl::Status decoded = Decode(row, stored); !decoded.ok()) {
    return in_place(absl::Status(decoded.code(), absl::StrCat(PathOf("rows"), ": ", decoded.message())));
  }
  broker::Message message;
  message.position = position;
  message.append_time = stored.append_time;
  message.key = std::move(stored.key);
  message.envelope = std::move(stored.envelope);
  const broker::TopicKind kind = topic.options.kind;
  if (stored.envelope_at) {
    auto envelope = segment_reader_->Read(kind, *stored.envelope_at);
    if (!envelope.ok()) return in_place(envelope.status());
    message.envelope = envelope->bytes();
  }
  if (!stored.body_at) {
    if (!stored.body.empty()) message.body = broker::Body(std::move(stored.body));
    return message;
  }
  if (auto cached = bodies_.Find(kind, *stored.body_at)) {
    message.body = *std::move(cached);
    return message;
  }
  auto block = segment_reader_->Read(kind, *stored.body_at);
  if (!block.ok()) return in_place(block.status());
  message.body = broker::Body(std::move(block->memory), block->size,
                              std::make_shared<SegmentOrigin>(opening_, kind, *stored.body_at));
  bodies_.Insert(kind, *stored.body_at, message.body);
  return message;
}

absl::StatusOr<std::optional<broker::Position>> EmbeddedEngine::CommittedPosition(std::string_view group,
                                                                                  const broker::TopicPartition& from) {
  ASSIGN_OR_RETURN(TopicState* const topic, Find(from));
  const std::shared_lock lock(visible_);
  const auto it = group_positions_.find(GroupKey(topic->id, from.partition, group));
  if (it == group_positions_.end()) return std::nullopt;
  return it->second;
}

absl::StatusOr<broker::PartitionBounds> EmbeddedEngine::Bounds(const broker::TopicPartition& of) {
  ASSIGN_OR_RETURN(TopicState* const topic, Find(of));
  const PartitionRow row = Visible(*topic, of.partition);
  return broker::PartitionBounds{std::max(row.kept_from, broker::kFirstPosition), row.end};
}

}  // namespace datong::embedded
