// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/sink_runner.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "exchange_core/base/check.h"

namespace datong::runner {
namespace {

constexpr size_t kPositionDigits = 20;  // all of uint64, so that positions sort as strings
// Where nobody tells of what comes, a sink that is in use asks often, and one that is not, seldom: by how long nothing
// has come.
constexpr base::TimeUs kPauseUsMin = 50'000;
constexpr base::TimeUs kPauseUsMax = 1'000'000;
constexpr int kLooksPerSilence = 10;
// Where somebody tells, nothing is expected of asking.
constexpr base::TimeUs kToldPauseUs = 60'000'000;

std::string PositionText(uint64_t position) {
  const std::string digits = std::to_string(position);
  return std::string(kPositionDigits - digits.size(), '0') + digits;
}

std::optional<uint64_t> ParsePosition(const std::string& text) {
  uint64_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != kPositionDigits) return std::nullopt;
  return position;
}

}  // namespace

SinkRunner::SinkRunner(SinkRunnerOptions options, std::unique_ptr<sdk::SinkConnector> connector,
                       client::ExchangeClient& exchange, base::Scheduler& scheduler, base::Clock& clock,
                       base::RandomSource& random, base::StepObserver& observer)
    : options_(std::move(options)),
      name_("sink " + options_.subscription),
      connector_(std::move(connector)),
      exchange_(exchange),
      scheduler_(scheduler),
      clock_(clock),
      observer_(observer),
      back_off_(random) {}

SinkRunner::~SinkRunner() {
  if (connector_open_) connector_->Close();
}

template <typename Change>
void SinkRunner::Update(Change change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change(progress_);
}

SinkProgress SinkRunner::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return progress_;
}

base::StepResult SinkRunner::Step() {
  if (wait_until_ != 0) {
    if (clock_.Steady() < wait_until_) return base::StepResult::IdleUntil(wait_until_);
    wait_until_ = 0;
  }
  switch (next_) {
    case Next::kOpen:
      return Open();
    case Next::kFetch:
      return session_->next_position() < applied_until_ ? FetchKnown() : Fetch();
    case Next::kWrite:
      return Write();
    case Next::kAcknowledge:
      return Acknowledge();
    case Next::kFinish:
      break;
  }
  return base::StepResult::Finished();
}

base::StepResult SinkRunner::GoOnWith(Next next) {
  next_ = next;
  return base::StepResult::Busy();
}

void SinkRunner::Succeeded() {
  back_off_.Reset();
  Update([](SinkProgress& progress) {
    progress.state = SinkProgress::State::kRunning;
    progress.error = {};
  });
}

base::StepResult SinkRunner::Trouble(RunnerError error) {
  const bool retryable = error.retryable;
  Update([&](SinkProgress& progress) {
    progress.state = retryable ? SinkProgress::State::kWaiting : SinkProgress::State::kFailed;
    progress.error = std::move(error);
  });
  if (retryable) {
    wait_until_ = clock_.Steady() + back_off_.Next();
    return base::StepResult::IdleUntil(wait_until_);
  }
  next_ = Next::kFinish;
  if (std::exchange(connector_open_, false)) connector_->Close();
  session_.reset();
  return base::StepResult::Finished();
}

base::StepResult SinkRunner::Open() {
  if (session_ == nullptr) {
    absl::StatusOr<std::unique_ptr<client::DeliverySession>> session =
        exchange_.OpenSubscription(options_.subscription);
    if (!session.ok()) return Trouble(RunnerError::From(session.status()));
    session_ = *std::move(session);
    came_at_ = clock_.Steady();
    session_->Listen([this] { scheduler_.Wake(*this); });
    decoder_.emplace(session_->schema());
  }
  const sdk::SinkContent content{options_.subscription, session_->identity(), decoder_->items()};
  sdk::SinkState stored;
  if (const sdk::Status opened = connector_->Open(content, stored); !opened.ok()) {
    return Trouble(RunnerError::From(opened));
  }
  connector_open_ = true;
  applied_until_ = 0;
  if (!stored.position.empty()) {
    const std::optional<uint64_t> position = ParsePosition(stored.position);
    if (!position) {
      return Trouble({"bad_position", "the sink holds a position that is not of this exchange: " + stored.position,
                      "give the sink an empty target", false});
    }
    applied_until_ = *position;
  }
  refused_before_crash_.clear();
  for (sdk::SinkState::Refusal& refusal : stored.refused) {
    refused_before_crash_.push_back({refusal.lane, refusal.sequence, std::move(refusal.reason)});
  }
  Succeeded();
  Update([&](SinkProgress& progress) { progress.next_position = session_->next_position(); });
  return GoOnWith(Next::kFetch);
}

// The sink wrote, and died before its receipt: what it holds is fetched once more, only to know where it ends.
base::StepResult SinkRunner::FetchKnown() {
  absl::StatusOr<client::DeliverySession::Fetched> fetched = session_->Fetch(options_.records_per_write_max);
  if (!fetched.ok()) return Trouble(RunnerError::From(fetched.status()));
  fetched_ = *std::move(fetched);
  if (fetched_.next_position <= session_->next_position() && fetched_.deliveries.empty()) {
    // Nothing is written meanwhile. It passes by itself where the subscription is suspended or the exchange still
    // starts.
    return Trouble(
        {"sink_ahead",
         "the sink holds deliveries up to position " + std::to_string(applied_until_) +
             ", the exchange gives none beyond " + std::to_string(session_->next_position()),
         "resume the subscription if it is suspended; if sink and exchange were restored from different times, empty "
         "the sink and start the subscription with the present state",
         true});
  }
  Succeeded();
  acknowledge_to_ = std::min(fetched_.next_position, applied_until_);
  applied_ = 0;
  for (const client::Delivery& delivery : fetched_.deliveries) {
    if (delivery.position < applied_until_) applied_ += delivery.batch.size();
  }
  refused_.clear();
  // Only the last write before the crash lacks its receipt, so all refusals belong to this stretch.
  if (acknowledge_to_ == applied_until_) refused_ = std::move(refused_before_crash_);
  applied_ -= std::min<uint64_t>(applied_, refused_.size());
  write_after_acknowledge_ = fetched_.next_position > applied_until_;
  write_from_ = applied_until_;
  return GoOnWith(Next::kAcknowledge);
}

base::StepResult SinkRunner::Fetch() {
  absl::StatusOr<client::DeliverySession::Fetched> fetched = session_->Fetch(options_.records_per_write_max);
  if (!fetched.ok()) return Trouble(RunnerError::From(fetched.status()));
  fetched_ = *std::move(fetched);
  Succeeded();
  if (fetched_.deliveries.empty() && fetched_.next_position <= session_->next_position()) {
    Update([](SinkProgress& progress) { progress.state = SinkProgress::State::kIdle; });
    const base::TimeUs now = clock_.Steady();
    const base::TimeUs pause = std::clamp((now - came_at_) / kLooksPerSilence, kPauseUsMin, kPauseUsMax);
    return base::StepResult::IdleUntil(now + (fetched_.will_tell ? kToldPauseUs : pause));
  }
  came_at_ = clock_.Steady();
  observer_.Reached("sink.fetched");
  write_from_ = 0;
  return GoOnWith(Next::kWrite);
}

base::StepResult SinkRunner::Write() {
  const sdk::DeliveryBatch& batch = decoder_->Decode(fetched_.deliveries, write_from_);
  refused_.clear();
  applied_ = batch.records.size();
  acknowledge_to_ = fetched_.next_position;
  write_after_acknowledge_ = false;
  if (!batch.records.empty()) {
    sdk::WriteResult result = connector_->Write(batch, PositionText(fetched_.next_position));
    if (!result.status.ok()) return Trouble(RunnerError::From(result.status));
    for (sdk::RefusedRecord& refused : result.refused) {
      DATONG_CHECK(refused.index < batch.records.size());
      const sdk::DeliveryBatch::Record& record = batch.records[refused.index];
      refused_.push_back({record.lane, record.sequence, std::move(refused.reason)});
    }
    applied_ -= refused_.size();
    observer_.Reached("sink.written");
  }
  Succeeded();
  return GoOnWith(Next::kAcknowledge);
}

base::StepResult SinkRunner::Acknowledge() {
  if (const absl::Status acknowledged = session_->Acknowledge(acknowledge_to_, refused_); !acknowledged.ok()) {
    return Trouble(RunnerError::From(acknowledged));
  }
  observer_.Reached("sink.acknowledged");
  Succeeded();
  Update([&](SinkProgress& progress) {
    progress.applied += applied_;
    progress.refused += refused_.size();
    progress.next_position = acknowledge_to_;
  });
  return GoOnWith(std::exchange(write_after_acknowledge_, false) ? Next::kWrite : Next::kFetch);
}

}  // namespace datong::runner
