// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/log_ends.h"

#include <absl/strings/str_cat.h>

#include "broker_adapters/kafka/offset_questions.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr base::TimeUs kAbortGrace = 15'000'000;  // a cluster looks for overdue transactions every 10 s

std::string Where(const std::string& topic, int64_t partition) {
  return absl::StrCat("the end of ", topic, "/", partition);
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> LogEnds::StableEnds(const std::vector<KafkaPartition>& of) {
  return OffsetsAt(options_, committed_, of, kLatest);
}

absl::StatusOr<int64_t> LogEnds::StableEnd(const KafkaPartition& of) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> end, StableEnds({of}));
  return end[0];
}

// The starts first: so none is ever behind its end.
absl::StatusOr<std::vector<LogRange>> LogEnds::RangesOf(const std::vector<KafkaPartition>& of) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> starts, OffsetsAt(options_, committed_, of, kEarliest));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ends, StableEnds(of));
  std::vector<LogRange> ranges;
  for (size_t i = 0; i < of.size(); ++i) ranges.push_back({starts[i], ends[i]});
  return ranges;
}

absl::StatusOr<LogRange> LogEnds::Now(const KafkaPartition& of) {
  ASSIGN_OR_RETURN(const std::vector<LogRange> range, RangesOf({of}));
  return range[0];
}

absl::StatusOr<std::vector<LogRange>> LogEnds::Decided(const std::vector<KafkaPartition>& of) {
  RETURN_IF_ERROR(AwaitDecided(of));
  return RangesOf(of);
}

void LogEnds::NoteMarks(const KafkaPartition& of, int64_t first, int64_t end) {
  const std::lock_guard lock(mutex_);
  last_marks_[of] = {first, end};
}

int64_t LogEnds::BehindMarks(const KafkaPartition& of, int64_t offset) const {
  const std::lock_guard lock(mutex_);
  const auto it = last_marks_.find(of);
  return it != last_marks_.end() && it->second.first == offset ? it->second.end : offset;
}

absl::Status LogEnds::AwaitDecided(const std::vector<KafkaPartition>& of) {
  if (of.empty()) return absl::OkStatus();
  Deadline deadline(*options_.clock, options_.transaction_timeout + kAbortGrace);
  ASSIGN_OR_RETURN(std::vector<int64_t> goals, OffsetsAt(options_, appended_, of, kLatest));
  std::vector<KafkaPartition> waiting = of;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> stable, OffsetsAt(options_, committed_, waiting, kLatest));
    size_t kept = 0;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (stable[i] >= goals[i]) continue;
      if (kept != i) waiting[kept] = std::move(waiting[i]);
      goals[kept++] = goals[i];
    }
    waiting.resize(kept);
    if (waiting.empty()) return absl::OkStatus();
    if (deadline.Passed()) {
      return absl::UnavailableError(absl::StrCat(Where(waiting[0].topic, waiting[0].partition),
                                                 ": a transaction has been open there for too long; ",
                                                 "is the transaction coordinator up (topic __transaction_state)?"));
    }
    deadline.Pause();
  }
}

}  // namespace datong::kafka
