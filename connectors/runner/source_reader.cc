// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_reader.h"

namespace datong::runner {

void SourceReader::Ask(std::unique_ptr<RecalledRead> into) {
  reads_.Give(std::move(into));
  scheduler_.Wake(*this);
}

base::StepResult SourceReader::Step() {
  std::unique_ptr<RecalledRead> asked = reads_.Take();
  if (asked == nullptr) return base::StepResult::Idle();
  asked->read.Clear();
  // Where nothing can be recalled all rows are parsed, and that is cheapest while they are read.
  if (by_raw_ && remembered_ != nullptr && !remembered_->empty()) asked->read.rows.AllowUnparsed();
  asked->status = connector_.Read(asked->read);
  if (recalls_ && asked->status.ok()) Recall(*asked);
  reads_.Return(std::move(asked));
  scheduler_.Wake(runner_);
  return base::StepResult::Idle();
}

void SourceReader::Recall(RecalledRead& ended) {
  sdk::SourceRead& read = ended.read;
  if (read.unit_begun) {
    by_raw_ = !read.unit_begun->reading.empty();
    remembered_ = nullptr;
  }
  RecallRows(read.rows, by_raw_, remembered_.get(), ended.recalled);
  if (read.unit_ended || !read.unit_failure.empty()) remembered_ = nullptr;
}

}  // namespace datong::runner
