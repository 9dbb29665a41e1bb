// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "exchange_core/broker/broker.h"

namespace datong::embedded {

struct TopicState;
struct WriterState;

struct PendingAppend {
  TopicState* topic = nullptr;
  uint32_t partition = 0;
  std::string key;
  std::string envelope;
  broker::Body body;
};

struct PendingAdvance {
  std::string group_key;  // GroupKey(): also the row's key
  broker::Position next = 0;
};

// One transaction on its way to disk. Lives on the stack of its committing thread.
struct CommitRequest {
  WriterState* writer = nullptr;
  std::vector<PendingAppend> appends;
  std::vector<PendingAdvance> advances;
  std::vector<std::string> topics_written;  // each once
  size_t bytes = 0;
  absl::Status status;
  bool done = false;
};

// Lets one thread change the engine at a time, and lets it take along the commits that arrived meanwhile: the first in
// the queue becomes leader and writes for all, the others wait for their answer. Whoever is done wakes those he was
// done for and the next one, and nobody else: thousands may wait, when thousands of writers are opened at a start.
class CommitQueue {
 public:
  using Process = std::function<void(const std::vector<CommitRequest*>&)>;

  // `process` sets the status of every request it is given.
  explicit CommitQueue(Process process) : process_(std::move(process)) {}

  void Commit(CommitRequest& request);
  size_t Waiting();  // requests that no leader has taken along yet

  // Between construction and destruction no commit is being written.
  class Exclusive {
   public:
    explicit Exclusive(CommitQueue& queue);
    ~Exclusive();
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    CommitQueue& queue_;
  };

 private:
  struct Place {
    CommitRequest& request;
    std::condition_variable woken;
  };

  // With mutex_ held.
  std::vector<Place*> TakeGroup();
  void LetNextIn();

  const Process process_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Place*> waiting_;
  std::condition_variable exclusive_may_go_;
  size_t exclusive_waiting_ = 0;
  bool held_ = false;
};

}  // namespace datong::embedded
