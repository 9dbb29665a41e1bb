// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_subscriber.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr size_t kRecordsPerFetch = 10'000;
constexpr base::TimeUs kPauseUs = 1'000;  // where nobody tells of what comes

}  // namespace

absl::StatusOr<std::unique_ptr<BenchSubscriber>> BenchSubscriber::Open(client::ExchangeClient& client,
                                                                       base::Scheduler& scheduler,
                                                                       const std::string& subscription,
                                                                       uint64_t records_expected) {
  ASSIGN_OR_RETURN(auto session, client.OpenSubscription(subscription));
  std::unique_ptr<BenchSubscriber> subscriber(new BenchSubscriber(subscription, std::move(session), records_expected));
  subscriber->session_->Listen([&scheduler, worker = subscriber.get()] { scheduler.Wake(*worker); });
  return subscriber;
}

absl::StatusOr<base::StepResult> BenchSubscriber::TakeSome() {
  ASSIGN_OR_RETURN(const auto fetched, session_->Fetch(kRecordsPerFetch));
  for (const client::Delivery& delivery : fetched.deliveries) {
    for (const record::Operation operation : delivery.batch.columns.operation) {
      if (operation != record::Operation::kInsert) return absl::InternalError("a delivery is no insert");
    }
    records_ += delivery.batch.size();
  }
  if (fetched.next_position == session_->next_position()) {
    return fetched.will_tell ? base::StepResult::Idle()
                             : base::StepResult::IdleUntil(base::SystemClock().Steady() + kPauseUs);
  }
  RETURN_IF_ERROR(session_->Acknowledge(fetched.next_position, {}));
  return base::StepResult::Busy();
}

base::StepResult BenchSubscriber::Step() {
  auto took = TakeSome();
  if (took.ok() && records_ > records_expected_) {
    took = absl::InternalError(absl::StrCat(records_, " records came, ", records_expected_, " were expected"));
  }
  if (took.ok() && records_ < records_expected_) return *took;
  {
    const std::lock_guard lock(mutex_);
    status_ = took.status();
  }
  done_.store(true);
  return base::StepResult::Finished();
}

absl::Status BenchSubscriber::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace datong::benchmarks
