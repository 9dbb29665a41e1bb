// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"

// The contract between the exchange and whatever carries its messages. Nothing above this folder knows which engine
// runs.
//
// Promises every engine keeps (tests/conformance holds them to it):
//  1. A transaction's appends and positions become visible and durable together, or not at all. Durable = as the
//  engine's
//     durability setting says, by the time Commit() returns OK.
//  2. One writer identity has one live holder: OpenWriter() fences the older one, whose next Begin() or Commit() fails
//  with
//     Aborted ("fenced") and changes nothing. A writer has at most one open transaction.
//  3. Readers see committed messages only, in the order of their positions, none twice, none missing.
//  4. Positions of a partition are opaque, increasing, and have gaps. Only order and equality mean anything.
namespace datong::broker {

using Position = uint64_t;                     // of one message in one partition; 0 = before every message
inline constexpr Position kFirstPosition = 1;  // a reader that begins before it reads the same

struct TopicPartition {
  std::string topic;
  uint32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// What a topic is for decides how it is kept.
enum class TopicKind : uint8_t {
  kRecords = 1,  // record batches: dropped once nobody needs them
  kLedger = 2,   // kept long, pruned only behind verified checkpoints
  kControl = 3,  // catalog, source journal, receipts: small, never compacted
};

struct TopicOptions {
  TopicKind kind = TopicKind::kRecords;
  uint32_t partitions = 1;
};
struct NamedTopic {
  std::string topic;
  TopicOptions options;
};

// Names and values that a foreign reader sees beside a message; UTF-8, together at most 64 KiB.
using Attributes = std::vector<std::pair<std::string, std::string>>;

// Bytes that may be appended to several topics, within and across transactions, and are stored or sent once where the
// engine can. A body read from a topic remembers where the engine keeps it, so forwarding it costs a reference. Cheap
// to copy; the bytes are immutable and live as long as any copy. Thread-safe.
class Body {
 public:
  // What an engine may attach to find its own stored copy again.
  class Origin {
   public:
    virtual ~Origin() = default;
  };

  Body() = default;
  explicit Body(std::string bytes) : block_(std::make_shared<Block>(std::move(bytes))) {}
  // Bytes that an engine has read into memory of its own.
  Body(std::unique_ptr<const char[]> bytes, size_t size, std::shared_ptr<const Origin> origin)
      : block_(std::make_shared<Block>(std::move(bytes), size, std::move(origin))) {}

  std::string_view bytes() const { return block_ ? block_->bytes : std::string_view(); }
  const Origin* origin() const { return block_ ? block_->origin.get() : nullptr; }
  // Equal for copies of one body: lets a transaction store it once.
  const void* identity() const { return block_.get(); }

 private:
  struct Block {
    explicit Block(std::string given) : text(std::move(given)), bytes(text) {}
    Block(std::unique_ptr<const char[]> given, size_t size, std::shared_ptr<const Origin> from)
        : memory(std::move(given)), bytes(memory.get(), size), origin(std::move(from)) {}
    const std::string text;
    const std::unique_ptr<const char[]> memory;  // one of the two
    const std::string_view bytes;
    const std::shared_ptr<const Origin> origin;
  };
  std::shared_ptr<const Block> block_;
};

struct Message {
  Position position = 0;
  std::string key;               // <= 1 KiB; what a foreign reader may see or compact by
  std::string envelope;          // <= 1 MiB; the exchange's own words about the body
  Body body;                     // <= kBatchBytesMax
  base::TimeUs append_time = 0;  // the engine's clock at commit, never decreasing within a partition
};

struct ReadLimits {
  size_t messages_max = 64;
  size_t bytes_max = size_t{16} << 20;  // stops after the message that crosses it, so one message always passes
};

// Reads one partition forward. Not thread-safe.
class Reader {
 public:
  virtual ~Reader() = default;
  // What is committed at or after next(), possibly nothing. Never waits for new messages. OutOfRange when next() lies
  // before what retention has dropped: what is missing would be lost silently otherwise. DataLoss names a damaged
  // message's place.
  virtual absl::StatusOr<std::vector<Message>> Poll(const ReadLimits& limits) = 0;
  virtual void Seek(Position next) = 0;
  // The position to read next: one past the last message returned. Storable.
  virtual Position next() const = 0;
};

// All or nothing. Not thread-safe. Destroying an open transaction aborts it.
class Transaction {
 public:
  virtual ~Transaction() = default;
  virtual void Append(const TopicPartition& to, std::string key, std::string envelope, Body body) = 0;
  // As Append, for readers that know nothing of the exchange: the attributes stand beside the body where foreign
  // programs read the engine's topics, and are left out where there are none. A body that was never given bytes is no
  // value: such a reader sees that the key's object is gone.
  virtual void AppendReadable(const TopicPartition& to, std::string key, std::string envelope, Body body,
                              Attributes attributes) {
    (void)attributes;
    Append(to, std::move(key), std::move(envelope), std::move(body));
  }
  // Stores `next` as what `group` reads next of `from`.
  virtual void AdvancePosition(std::string_view group, const TopicPartition& from, Position next) = 0;
  // OK: all of it is visible and durable. Aborted: the writer was fenced. ResourceExhausted: the disk is full, nothing
  // was written. InvalidArgument, NotFound: a size or a topic was wrong, nothing was written. Unavailable: the engine
  // failed; whether it landed is what CommittedPosition() or the topic says after OpenWriter().
  virtual absl::Status Commit() = 0;
  virtual void Abort() = 0;
};

// One holder of one identity. Transactions one after the other; Begin() is not thread-safe, different writers are
// independent.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual absl::StatusOr<std::unique_ptr<Transaction>> Begin() = 0;
};

struct PartitionBounds {
  Position begin = 0;  // every message still kept has a position >= begin
  Position end = 0;    // every committed message has a position < end
};

// Where somebody is in a partition: whoever needs what lies at or behind `next`.
struct PlaceOfReader {
  std::string reader;  // as people call it
  TopicPartition partition;
  Position next = 0;
};

// Something about the engine that a person should know before it hurts.
struct HealthWarning {
  std::string code;     // never changes its meaning; docs/operations.md lists them
  bool urgent = false;  // something is lost or stands still already, or will within the day
  std::string where;    // a topic's partition as the engine's own tools call it, a disk
  std::string what;
  std::string next;  // what to do
};

// Thread-safe. Writers, readers and transactions must be destroyed before their broker.
class Broker {
 public:
  virtual ~Broker() = default;

  // OK also for topics that exist with the same options; AlreadyExists when one exists with others. After an error some
  // of them may have been made.
  virtual absl::Status CreateTopics(const std::vector<NamedTopic>& topics) = 0;
  absl::Status CreateTopic(const std::string& topic, const TopicOptions& options) {
    return CreateTopics({{topic, options}});
  }
  virtual absl::StatusOr<TopicOptions> DescribeTopic(const std::string& topic) = 0;  // NotFound
  virtual std::vector<std::string> ListTopics() = 0;                                 // sorted

  virtual absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& identity) = 0;
  virtual absl::StatusOr<std::unique_ptr<Reader>> OpenReader(const TopicPartition& from, Position next) = 0;
  // The message at exactly `position`; NotFound when there is none or it was dropped. For present state and traces.
  virtual absl::StatusOr<Message> ReadAt(const TopicPartition& from, Position position) = 0;

  virtual absl::StatusOr<std::optional<Position>> CommittedPosition(std::string_view group,
                                                                    const TopicPartition& from) = 0;
  virtual absl::StatusOr<PartitionBounds> Bounds(const TopicPartition& of) = 0;
  // The same of many, as one question.
  virtual absl::StatusOr<std::vector<PartitionBounds>> BoundsOf(const std::vector<TopicPartition>& of) {
    std::vector<PartitionBounds> all;
    for (const TopicPartition& one : of) {
      const absl::StatusOr<PartitionBounds> bounds = Bounds(one);
      if (!bounds.ok()) return bounds.status();
      all.push_back(*bounds);
    }
    return all;
  }
  // Where there is something for a reader now: for each of them, a position behind the last message that it would be
  // given. One question, where a Poll() for each is as many.
  virtual absl::StatusOr<std::vector<Position>> VisibleEnds(const std::vector<TopicPartition>& of) {
    std::vector<Position> ends;
    for (const TopicPartition& one : of) {
      const absl::StatusOr<PartitionBounds> bounds = Bounds(one);
      if (!bounds.ok()) return bounds.status();
      ends.push_back(bounds->end);
    }
    return ends;
  }

  // Messages below `keep_from` need not be kept any longer. Idempotent; space comes back in time, not at once.
  virtual absl::Status DropBefore(const TopicPartition& of, Position keep_from) = 0;

  // What an operator should know of the engine now: copies that are missing, messages that will go before one of
  // `places` has read them, room that runs out. Empty: nothing. Unavailable: the engine does not answer.
  virtual absl::StatusOr<std::vector<HealthWarning>> Health(const std::vector<PlaceOfReader>& places) = 0;

  // Called after every commit of this process, on the committing thread, without locks held, with the topics that it
  // wrote messages to, each once; must be quick. One listener; null: none.
  using CommitListener = std::function<void(const std::vector<std::string>& topics)>;
  virtual void SetCommitListener(CommitListener listener) = 0;
};

}  // namespace datong::broker
