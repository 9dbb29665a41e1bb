// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_publisher.h"

#include <utility>
#include <vector>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::runner {

void SourcePublisher::Hand(std::unique_ptr<PublishJob> job) {
  jobs_.Give(std::move(job));
  scheduler_.Wake(*this);
}

base::StepResult SourcePublisher::Step() {
  std::unique_ptr<PublishJob> job = jobs_.Take();
  if (job == nullptr) return base::StepResult::Idle();
  job->status = Publish(*job);
  jobs_.Return(std::move(job));
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
