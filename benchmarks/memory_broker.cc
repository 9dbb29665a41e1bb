// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/memory_broker.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/broker/written_topics.h"

namespace datong::benchmarks {
namespace {

using broker::Position;
using broker::TopicPartition;

constexpr size_t kKeyBytesMax = size_t{1} << 10;
constexpr size_t kEnvelopeBytesMax = size_t{1} << 20;

// Everything there is, behind one lock: commits are moments. Whoever calls or touches anything in it holds the lock.
class Store {
 public:
  struct Partition {
    Position begin = 1;
    Position end = 1;
    base::TimeUs last_append = 0;
    std::deque<broker::Message> messages;  // of positions [begin, end)
    std::map<std::string, Position, std::less<>> groups;
  };
  struct Topic {
    broker::TopicOptions options;
    std::vector<Partition> partitions;
  };

  explicit Store(base::Clock& clock) : clock_(clock) {}

  absl::StatusOr<Partition*> Find(const TopicPartition& wanted) {
    const auto topic = topics.find(wanted.topic);
    if (topic == topics.end() || wanted.partition >= topic->second.partitions.size()) {
      return absl::NotFoundError(absl::StrCat("topic \"", wanted.topic, "\" partition ", wanted.partition,
                                              " does not exist; create the topic first"));
    }
    return &topic->second.partitions[wanted.partition];
  }

  base::TimeUs Now() { return clock_.Now(); }

  std::mutex mutex;  // guards all below
  std::map<std::string, Topic> topics;
  std::map<std::string, uint64_t> epochs;  // of writers, by identity
  broker::Broker::CommitListener listener;

 private:
  base::Clock& clock_;
};

struct Holder {
  std::string identity;
  uint64_t epoch = 0;
  bool open = false;  // a transaction is
};

absl::Status CheckHolds(Store& store, const Holder& holder) {
  if (store.epochs[holder.identity] == holder.epoch) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("writer \"", holder.identity, "\" was fenced: a newer holder has its identity"));
}

class MemoryTransaction final : public broker::Transaction {
 public:
  MemoryTransaction(Store& store, std::shared_ptr<Holder> holder) : store_(store), holder_(std::move(holder)) {
    holder_->open = true;
  }
  ~MemoryTransaction() override { Abort(); }

  void Append(const TopicPartition& to, std::string key, std::string envelope, broker::Body body) override {
    appends_.push_back({to, {0, std::move(key), std::move(envelope), std::move(body), 0}});
  }
  void AdvancePosition(std::string_view group, const TopicPartition& from, Position next) override {
    advances_.push_back({from, std::string(group), next});
  }
  absl::Status Commit() override;
  void Abort() override {
    if (ended_) return;
    ended_ = true;
    holder_->open = false;
    appends_.clear();
    advances_.clear();
  }

 private:
  struct AppendOf {
    TopicPartition to;
    broker::Message message;
  };
  struct Advance {
    TopicPartition from;
    std::string group;
    Position next;
  };

  // Nothing is changed before all of it is known to be right.
  absl::Status Check();
  void Apply();

  Store& store_;
  std::shared_ptr<Holder> holder_;
  bool ended_ = false;
  std::vector<AppendOf> appends_;
  std::vector<Advance> advances_;
};

absl::Status MemoryTransaction::Check() {
  RETURN_IF_ERROR(CheckHolds(store_, *holder_));
  for (const AppendOf& append : appends_) {
    RETURN_IF_ERROR(store_.Find(append.to).status());
    const broker::Message& message = append.message;
    if (message.key.size() > kKeyBytesMax || message.envelope.size() > kEnvelopeBytesMax ||
        message.body.bytes().size() > base::kBatchBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat("a message for \"", append.to.topic, "\" is too large"));
    }
  }
  for (const Advance& advance : advances_) RETURN_IF_ERROR(store_.Find(advance.from).status());
  return absl::OkStatus();
}

void MemoryTransaction::Apply() {
  const base::TimeUs now = store_.Now();
  for (AppendOf& append : appends_) {
    Store::Partition& partition = **store_.Find(append.to);
    append.message.position = partition.end++;
    append.message.append_time = partition.last_append = std::max(partition.last_append, now);
    partition.messages.push_back(std::move(append.message));
  }
  for (Advance& advance : advances_) (*store_.Find(advance.from))->groups[std::move(advance.group)] = advance.next;
}

absl::Status MemoryTransaction::Commit() {
  if (ended_) return absl::FailedPreconditionError("the transaction has ended");
  broker::Broker::CommitListener listener;
  std::vector<std::string> topics_written;
  for (const AppendOf& append : appends_) broker::NoteWritten(append.to.topic, topics_written);
  {
    const std::lock_guard lock(store_.mutex);
    if (absl::Status status = Check(); !status.ok()) {
      Abort();
      return status;
    }
    Apply();
    listener = store_.listener;
  }
  Abort();  // of what is left: nothing
  if (listener) listener(topics_written);
  return absl::OkStatus();
}

class MemoryWriter final : public broker::Writer {
 public:
  MemoryWriter(Store& store, std::shared_ptr<Holder> holder) : store_(store), holder_(std::move(holder)) {}
  absl::StatusOr<std::unique_ptr<broker::Transaction>> Begin() override {
    const std::lock_guard lock(store_.mutex);
    RETURN_IF_ERROR(CheckHolds(store_, *holder_));
    if (holder_->open) return absl::FailedPreconditionError("the writer has an open transaction");
    return std::make_unique<MemoryTransaction>(store_, holder_);
  }

 private:
  Store& store_;
  std::shared_ptr<Holder> holder_;
};

class MemoryReader final : public broker::Reader {
 public:
  MemoryReader(Store& store, TopicPartition from, Position next) : store_(store), from_(std::move(from)), next_(next) {}

  absl::StatusOr<std::vector<broker::Message>> Poll(const broker::ReadLimits& limits) override {
    const std::lock_guard lock(store_.mutex);
    ASSIGN_OR_RETURN(const Store::Partition* partition, store_.Find(from_));
    if (next_ < partition->begin && partition->begin > 1) {
      return absl::OutOfRangeError(absl::StrCat("\"", from_.topic, "\" is kept from position ", partition->begin,
                                                "; the reader stands at ", next_));
    }
    std::vector<broker::Message> some;
    size_t bytes = 0;
    Position at = std::max(next_, partition->begin);
    for (; at < partition->end && some.size() < limits.messages_max && bytes < limits.bytes_max; ++at) {
      some.push_back(partition->messages[at - partition->begin]);
      bytes += some.back().body.bytes().size();
    }
    if (!some.empty()) next_ = at;
    return some;
  }
  void Seek(Position next) override { next_ = next; }
  Position next() const override { return next_; }

 private:
  Store& store_;
  const TopicPartition from_;
  Position next_;
};

class MemoryBroker final : public broker::Broker {
 public:
  explicit MemoryBroker(base::Clock& clock) : store_(clock) {}

  absl::Status CreateTopics(const std::vector<broker::NamedTopic>& topics) override {
    for (const broker::NamedTopic& one : topics) RETURN_IF_ERROR(MakeTopic(one.topic, one.options));
    return absl::OkStatus();
  }

  absl::StatusOr<broker::TopicOptions> DescribeTopic(const std::string& topic) override {
    const std::lock_guard lock(store_.mutex);
    const auto it = store_.topics.find(topic);
    if (it == store_.topics.end()) return absl::NotFoundError(absl::StrCat("topic \"", topic, "\" does not exist"));
    return it->second.options;
  }

  std::vector<std::string> ListTopics() override {
    const std::lock_guard lock(store_.mutex);
    std::vector<std::string> names;
    for (const auto& [name, topic] : store_.topics) names.push_back(name);
    return names;
  }

  absl::StatusOr<std::unique_ptr<broker::Writer>> OpenWriter(const std::string& identity) override {
    const std::lock_guard lock(store_.mutex);
    return std::make_unique<MemoryWriter>(store_,
                                          std::make_shared<Holder>(Holder{identity, ++store_.epochs[identity], false}));
  }

  absl::StatusOr<std::unique_ptr<broker::Reader>> OpenReader(const TopicPartition& from, Position next) override {
    const std::lock_guard lock(store_.mutex);
    RETURN_IF_ERROR(store_.Find(from).status());
    return std::make_unique<MemoryReader>(store_, from, next);
  }

  absl::StatusOr<broker::Message> ReadAt(const TopicPartition& from, Position position) override {
    const std::lock_guard lock(store_.mutex);
    ASSIGN_OR_RETURN(const Store::Partition* partition, store_.Find(from));
    if (position < partition->begin || position >= partition->end) {
      return absl::NotFoundError(absl::StrCat("\"", from.topic, "\" holds no message at position ", position));
    }
    return partition->messages[position - partition->begin];
  }

  absl::StatusOr<std::optional<Position>> CommittedPosition(std::string_view group,
                                                            const TopicPartition& from) override {
    const std::lock_guard lock(store_.mutex);
    ASSIGN_OR_RETURN(const Store::Partition* partition, store_.Find(from));
    const auto it = partition->groups.find(group);
    return it == partition->groups.end() ? std::nullopt : std::optional<Position>(it->second);
  }

  absl::StatusOr<broker::PartitionBounds> Bounds(const TopicPartition& of) override {
    const std::lock_guard lock(store_.mutex);
    ASSIGN_OR_RETURN(const Store::Partition* partition, store_.Find(of));
    return broker::PartitionBounds{partition->begin, partition->end};
  }

  absl::Status DropBefore(const TopicPartition& of, Position keep_from) override {
    const std::lock_guard lock(store_.mutex);
    ASSIGN_OR_RETURN(Store::Partition* const partition, store_.Find(of));
    for (; partition->begin < std::min(keep_from, partition->end); ++partition->begin) partition->messages.pop_front();
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<broker::HealthWarning>> Health(const std::vector<broker::PlaceOfReader>&) override {
    return std::vector<broker::HealthWarning>();
  }

  void SetCommitListener(CommitListener listener) override {
    const std::lock_guard lock(store_.mutex);
    store_.listener = std::move(listener);
  }

 private:
  absl::Status MakeTopic(const std::string& topic, const broker::TopicOptions& options) {
    if (topic.empty() || options.partitions == 0)
      return absl::InvalidArgumentError("a topic has a name and partitions");
    const std::lock_guard lock(store_.mutex);
    auto [it, is_new] = store_.topics.try_emplace(topic);
    if (is_new) {
      it->second.options = options;
      it->second.partitions.resize(options.partitions);
    } else if (it->second.options.kind != options.kind || it->second.options.partitions != options.partitions) {
      return absl::AlreadyExistsError(absl::StrCat("topic \"", topic, "\" exists with other options"));
    }
    return absl::OkStatus();
  }

  Store store_;
};

}  // namespace

std::unique_ptr<broker::Broker> NewMemoryBroker(base::Clock& clock) { return std::make_unique<MemoryBroker>(clock); }

}  // namespace datong::benchmarks
