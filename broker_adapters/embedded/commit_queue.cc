// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/commit_queue.h"

namespace datong::embedded {
namespace {

// A group this large gains nothing from growing, and the first in it would wait longer.
constexpr size_t kGroupBytesMax = size_t{64} << 20;

}  // namespace

void CommitQueue::Commit(CommitRequest& request) {
  Place place{request, {}};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&place);
  place.woken.wait(lock,
                   [&] { return request.done || (!held_ && exclusive_waiting_ == 0 && waiting_.front() == &place); });
  if (request.done) return;
  held_ = true;
  const std::vector<Place*> group = TakeGroup();
  std::vector<CommitRequest*> requests;
  for (const Place* one : group) requests.push_back(&one->request);
  lock.unlock();
  process_(requests);
  lock.lock();
  for (Place* const finished : group) {
    finished->request.done = true;
    finished->woken.notify_one();  // under the lock: his place is gone when he has it
  }
  LetNextIn();
}

// Exclusive ones first, or a busy exchange would never let retention in.
void CommitQueue::LetNextIn() {
  held_ = false;
  if (exclusive_waiting_ != 0) {
    exclusive_may_go_.notify_one();
  } else if (!waiting_.empty()) {
    waiting_.front()->woken.notify_one();
  }
}

size_t CommitQueue::Waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::vector<CommitQueue::Place*> CommitQueue::TakeGroup() {
  std::vector<Place*> group;
  size_t bytes = 0;
  while (!waiting_.empty() && (group.empty() || bytes + waiting_.front()->request.bytes <= kGroupBytesMax)) {
    bytes += waiting_.front()->request.bytes;
    group.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return group;
}

CommitQueue::Exclusive::Exclusive(CommitQueue& queue) : queue_(queue) {
  std::unique_lock lock(queue_.mutex_);
  ++queue_.exclusive_waiting_;
  queue_.exclusive_may_go_.wait(lock, [&] { return !queue_.held_; });
  --queue_.exclusive_waiting_;
  queue_.held_ = true;
}

CommitQueue::Exclusive::~Exclusive() {
  const std::lock_guard lock(queue_.mutex_);
  queue_.LetNextIn();
}

}  // namespace datong::embedded
