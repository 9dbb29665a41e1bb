// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_reader.h"

#include "connectors/runner/row_memory.h"

namespace datong::runner {

void SourceReader::Ask(std::unique_ptr<SignedRead> into) {
  reads_.Give(std::move(into));
  scheduler_.Wake(*this);
}

base::StepResult SourceReader::Step() {
  std::unique_ptr<SignedRead> asked = reads_.Take();
  if (asked == nullptr) return base::StepResult::Idle();
  asked->read.Clear();
  asked->status = connector_.Read(asked->read);
  if (signs_) SignRows(asked->read.rows, asked->signatures);
  reads_.Return(std::move(asked));
  scheduler_.Wake(runner_);
  return base::StepResult::Idle();
}

}  // namespace datong::runner
