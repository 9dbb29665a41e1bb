// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/runner/batch_packer.h"
#include "connectors/runner/hand_over.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/record_batch.h"

namespace datong::runner {

// Rows of one unit that go out together.
struct PublishJob {
  client::PublishSession* session = nullptr;
  record::BatchHeader header;  // what all batches share: all but partition and publisher_sequence
  FilledBatches filled;
  uint64_t rows_before = 0;  // rows of the run before these
  std::string position;      // where the source stands behind them
  absl::Status status;       // what became of it
};

// Encodes and publishes what a SourceRunner has filled, while that one reads on. One job at a time; it never tries
// again by itself. Steps: "source.publish" before, "source.published" after each publish.
class SourcePublisher final : public base::Worker {
 public:
  // `runner` is woken when a job has ended; both are in `scheduler`.
  SourcePublisher(std::string name, base::Worker& runner, base::Scheduler& scheduler, base::StepObserver& observer)
      : name_(std::move(name)), runner_(runner), scheduler_(scheduler), observer_(observer) {}

  // --- the runner's side: one thread ---
  // From Hand until the job was taken back. Its session is the publisher's so long.
  bool AtWork() const { return jobs_.AtWork(); }
  void Hand(std::unique_ptr<PublishJob> job);                          // not while at work
  std::unique_ptr<PublishJob> TakeBack() { return jobs_.TakeBack(); }  // null: it is not done, or there is none

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;

 private:
  absl::Status Publish(PublishJob& job);

  const std::string name_;
  base::Worker& runner_;
  base::Scheduler& scheduler_;
  base::StepObserver& observer_;
  HandOver<PublishJob> jobs_;
};

}  // namespace datong::runner
