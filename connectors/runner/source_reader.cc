// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_reader.h"

#include "connectors/runner/row_memory.h"
#include "exchange_core/base/check.h"

namespace datong::runner {

void SourceReader::Ask(std::unique_ptr<SignedRead> into) {
  DATONG_CHECK(!at_work_);
  at_work_ = true;
  {
    const std::lock_guard lock(mutex_);
    asked_ = std::move(into);
  }
  scheduler_.Wake(*this);
}

SourceReader::Outcome SourceReader::TakeOutcome() {
  const std::lock_guard lock(mutex_);
  if (outcome_.read != nullptr) at_work_ = false;
  return std::exchange(outcome_, {});
}

base::StepResult SourceReader::Step() {
  std::unique_ptr<SignedRead> read;
  {
    const std::lock_guard lock(mutex_);
    read = std::move(asked_);
  }
  if (read == nullptr) return base::StepResult::Idle();
  read->read.Clear();
  sdk::Status status = connector_.Read(read->read);
  if (signs_) SignRows(read->read.rows, read->signatures);
  {
    const std::lock_guard lock(mutex_);
    outcome_ = {std::move(read), std::move(status)};
  }
  scheduler_.Wake(runner_);
  return base::StepResult::Idle();
}

}  // namespace datong::runner
