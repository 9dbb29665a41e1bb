// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/housekeeper.h"

#include <algorithm>
#include <limits>

namespace datong::node {
namespace {

constexpr int kPollsPerRun = 64;  // a run stays short; the next one goes on
constexpr broker::Position kNobodyNeedsIt = std::numeric_limits<broker::Position>::max();
constexpr size_t kMessagesPerPoll = 10'000;  // streams of single records have many, all of them small

}  // namespace

base::StepResult Housekeeper::Step() {
  const base::TimeUs steady = state_.options.clock->Steady();
  if (steady < next_run_) return base::StepResult::IdleUntil(next_run_);
  next_run_ = steady + state_.options.housekeeping_us;
  const base::TimeUs now = state_.options.clock->Now();
  const base::TimeUs history = state_.options.history_us;
  const base::TimeUs keep_since = history == 0 ? std::numeric_limits<base::TimeUs>::max() : now - history;
  // A failure here costs space, not data; the engine reports it again on the next commit.
  for (const auto& lane : state_.lanes) lane->Retain(keep_since).IgnoreError();
  if (!state_.Leads()) return base::StepResult::IdleUntil(next_run_);
  state_.receipts_tail.Follow().IgnoreError();
  const auto catalog = state_.Catalog();
  std::map<uint32_t, broker::Position> needed_from;  // by view, where somebody needs something
  for (const auto& [id, subscription] : catalog->subscriptions()) {
    if (!subscription.active) continue;
    const broker::Position next = state_.ReceiptOf(id).stream_next;
    const auto [it, is_first] = needed_from.try_emplace(subscription.view_id, next);
    if (!is_first) it->second = std::min(it->second, next);
  }
  for (const auto& [id, view] : catalog->views()) {
    const auto it = needed_from.find(id);
    RetainStream(view, it == needed_from.end() ? kNobodyNeedsIt : it->second, keep_since);
  }
  state_.options.steps->Reached("retention.done");
  return base::StepResult::IdleUntil(next_run_);
}

void Housekeeper::RetainStream(const catalog::View& view, broker::Position needed_from, base::TimeUs keep_since) {
  const broker::TopicPartition stream{view.stream_topic(), 0};
  broker::Broker& broker = *state_.options.broker;
  // Of thousands of streams most have not moved: the engine is not asked about those.
  broker::Position& dropped = dropped_[view.id];
  if (needed_from <= dropped) return;
  const auto bounds = broker.Bounds(stream);
  if (!bounds.ok()) return;
  needed_from = std::min(needed_from, bounds->end);
  dropped = bounds->begin;
  if (needed_from <= bounds->begin) return;
  broker::Position keep_from = bounds->begin;
  if (keep_since == std::numeric_limits<base::TimeUs>::max()) {
    keep_from = needed_from;
  } else {
    auto reader = broker.OpenReader(stream, bounds->begin);
    for (int poll = 0; reader.ok() && poll < kPollsPerRun; ++poll) {
      const auto messages = (*reader)->Poll({kMessagesPerPoll, size_t{4} << 20});
      if (!messages.ok() || messages->empty()) break;
      const auto young = std::find_if(messages->begin(), messages->end(), [&](const broker::Message& message) {
        return message.append_time >= keep_since || message.position >= needed_from;
      });
      keep_from = young == messages->end() ? messages->back().position + 1 : young->position;
      if (young != messages->end()) break;
    }
    keep_from = std::min(keep_from, needed_from);
  }
  if (keep_from > bounds->begin && broker.DropBefore(stream, keep_from).ok()) dropped = keep_from;
}

}  // namespace datong::node
