// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/commit_queue.h"

namespace datong::embedded {
namespace {

// A group this large gains nothing from growing, and the first in it would wait longer.
constexpr size_t kGroupBytesMax = size_t{64} << 20;

}  // namespace

void CommitQueue::Commit(CommitRequest& request) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&request);
  changed_.wait(lock,
                [&] { return request.done || (!held_ && exclusive_waiting_ == 0 && waiting_.front() == &request); });
  if (request.done) return;
  held_ = true;
  const std::vector<CommitRequest*> group = TakeGroup();
  lock.unlock();
  process_(group);
  lock.lock();
  for (CommitRequest* finished : group) finished->done = true;
  held_ = false;
  lock.unlock();
  changed_.notify_all();
}

size_t CommitQueue::Waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::vector<CommitRequest*> CommitQueue::TakeGroup() {
  std::vector<CommitRequest*> group;
  size_t bytes = 0;
  while (!waiting_.empty() && (group.empty() || bytes + waiting_.front()->bytes <= kGroupBytesMax)) {
    bytes += waiting_.front()->bytes;
    group.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return group;
}

CommitQueue::Exclusive::Exclusive(CommitQueue& queue) : queue_(queue) {
  std::unique_lock lock(queue_.mutex_);
  ++queue_.exclusive_waiting_;  // commits step back, or a busy exchange would never let retention in
  queue_.changed_.wait(lock, [&] { return !queue_.held_; });
  --queue_.exclusive_waiting_;
  queue_.held_ = true;
}

CommitQueue::Exclusive::~Exclusive() {
  {
    const std::lock_guard lock(queue_.mutex_);
    queue_.held_ = false;
  }
  queue_.changed_.notify_all();
}

}  // namespace datong::embedded
