// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "broker_adapters/kafka/deadline.h"
#include "broker_adapters/kafka/kafka_client.h"

namespace datong::kafka {

struct KafkaPartition {
  std::string topic;  // Kafka's name of it
  uint32_t partition = 0;
  friend auto operator<=>(const KafkaPartition&, const KafkaPartition&) = default;
};

struct LogRange {
  int64_t start = 0;       // the first offset that is kept
  int64_t stable_end = 0;  // everything below is decided: committed, aborted, or a mark that says so
};

// Where logs begin and end, and the wait that makes "committed" mean "visible".
//
// Kafka answers a commit once it is decided, and writes the marks that make it visible into the partitions after that,
// each by itself. Until then read-committed readers stop before it (at the last stable offset), and so they do before
// an older transaction that is still open. The contract wants all partitions together, and by the time Commit()
// returns. Both follow from one wait: look at the end of what was *appended*, then wait until the stable end has got
// there. Thread-safe.
class LogEnds {
 public:
  // `appended` reads uncommitted, `committed` reads committed. All outlive it.
  LogEnds(const KafkaOptions& options, Client& appended, Client& committed)
      : options_(options), appended_(appended), committed_(committed) {}

  // Of many as one question.
  absl::StatusOr<std::vector<int64_t>> StableEnds(const std::vector<KafkaPartition>& of);
  absl::StatusOr<int64_t> StableEnd(const KafkaPartition& of);
  absl::StatusOr<LogRange> Now(const KafkaPartition& of);
  // With everything decided that was appended before the call; waits for open transactions. Unavailable when a writer
  // that died leaves one open for longer than the time limit of transactions.
  absl::StatusOr<std::vector<LogRange>> Decided(const std::vector<KafkaPartition>& of);
  // A reader has seen that nothing but marks which end transactions, and what they undid, stands at `first` and behind
  // it before `end`. Whoever reads on from there reads the same as from `end`, and only that is what Kafka's own tools
  // call "no lag".
  void NoteMarks(const KafkaPartition& of, int64_t first, int64_t end);
  int64_t BehindMarks(const KafkaPartition& of, int64_t offset) const;  // `offset` itself when none is known there
  // Returns when everything appended to these before the call is decided.
  absl::Status AwaitDecided(const std::vector<KafkaPartition>& of);

 private:
  absl::StatusOr<std::vector<LogRange>> RangesOf(const std::vector<KafkaPartition>& of);

  const KafkaOptions& options_;
  Client& appended_;
  Client& committed_;
  mutable std::mutex mutex_;
  struct Marks {
    int64_t first = 0, end = 0;
  };
  std::map<KafkaPartition, Marks> last_marks_;  // guarded by mutex_
};

}  // namespace datong::kafka
