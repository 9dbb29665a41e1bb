// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_publisher.h"

#include <utility>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::runner {

void SourcePublisher::Hand(std::unique_ptr<PublishJob> job) {
  DATONG_CHECK(!at_work_);
  at_work_ = true;
  {
    const std::lock_guard lock(mutex_);
    handed_ = std::move(job);
  }
  scheduler_.Wake(*this);
}

SourcePublisher::Outcome SourcePublisher::TakeOutcome() {
  const std::lock_guard lock(mutex_);
  if (outcome_.job != nullptr) at_work_ = false;
  return std::exchange(outcome_, {});
}

base::StepResult SourcePublisher::Step() {
  std::unique_ptr<PublishJob> job;
  {
    const std::lock_guard lock(mutex_);
    job = std::move(handed_);
  }
  if (job == nullptr) return base::StepResult::Idle();
  absl::Status status = Publish(*job);
  {
    const std::lock_guard lock(mutex_);
    outcome_ = {std::move(job), std::move(status)};
  }
  scheduler_.Wake(runner_);
  return base::StepResult::Idle();
}

// A batch's publisher_sequence is the number of its first row within its run: it grows without a counter to keep.
absl::Status SourcePublisher::Publish(PublishJob& job) {
  std::vector<client::PublishBatch> encoded;
  uint64_t rows = job.rows_before;
  for (FilledBatches::Filled& filled : job.filled.batches) {
    filled.batch.header = job.header;
    filled.batch.header.partition = filled.partition;
    filled.batch.header.publisher_sequence = rows + 1;
    rows += filled.batch.size();
    ASSIGN_OR_RETURN(std::string bytes, record::EncodeBatch(filled.batch));
    encoded.push_back({filled.partition, std::move(bytes)});
  }
  observer_.Reached("source.publish");
  RETURN_IF_ERROR(job.session->Publish(std::move(encoded), job.position, job.filled.rows));
  observer_.Reached("source.published");
  return absl::OkStatus();
}

}  // namespace datong::runner
