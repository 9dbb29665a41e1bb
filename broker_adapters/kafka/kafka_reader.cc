// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_reader.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "broker_adapters/kafka/offsets.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

absl::Status Silent(const KafkaPartition& of, int64_t offset) {
  return absl::UnavailableError(absl::StrCat("reading ", of.topic, "/", of.partition, " offset ", offset,
                                             ": no answer in time; is the broker that leads it up and reachable?"));
}

}  // namespace

void KafkaReader::Seek(broker::Position next) {
  fetch_.reset();
  next_ = next;
}

absl::StatusOr<std::vector<broker::Message>> KafkaReader::Poll(const broker::ReadLimits& limits) {
  std::vector<broker::Message> messages;
  Deadline deadline(*options_.clock, options_.request_timeout);
  size_t bytes = 0;
  bool looked = false;
  while (messages.size() < limits.messages_max && bytes < limits.bytes_max) {
    if (fetch_ == nullptr || OffsetOf(next_) >= known_end_) {
      if (looked || !messages.empty()) break;
      RETURN_IF_ERROR(LookAhead());
      looked = true;
      if (fetch_ == nullptr) break;
    }
    broker::Message message;
    const auto taken = TakeOne(!messages.empty(), deadline, message);
    if (!taken.ok()) {
      fetch_.reset();
      if (!messages.empty()) break;  // those before the fault are good; the next call tells
      if (absl::IsNotFound(taken.status())) {
        // So says a broker, too, that is starting and has not heard of the topic yet. The question for the end knows.
        RETURN_IF_ERROR(ends_.StableEnd(of_).status());
        return absl::UnavailableError(taken.status().message());
      }
      return absl::IsOutOfRange(taken.status()) ? Dropped(taken.status()) : taken.status();
    }
    if (!*taken) {
      if (OffsetOf(next_) < known_end_) break;
      continue;
    }
    bytes += message.key.size() + message.envelope.size() + message.body.bytes().size();
    messages.push_back(std::move(message));
  }
  if (OffsetOf(next_) >= known_end_) fetch_.reset();
  return messages;
}

// In the contract's words.
absl::Status KafkaReader::Dropped(const absl::Status& in_kafkas_words) {
  ASSIGN_OR_RETURN(const LogRange range, ends_.Now(of_));
  if (next_ >= BeginOf(range.start)) return in_kafkas_words;
  return absl::OutOfRangeError(absl::StrCat(of_.topic, "/", of_.partition, ": position ", next_,
                                            " was dropped by retention; the first kept is ", BeginOf(range.start)));
}

absl::Status KafkaReader::LookAhead() {
  ASSIGN_OR_RETURN(const int64_t stable_end, ends_.StableEnd(of_));
  if (OffsetOf(next_) > stable_end) {
    // What is committed never goes away at this end: waiting would mean to pass over the first messages of another log.
    fetch_.reset();
    return absl::DataLossError(absl::StrCat(
        of_.topic, "/", of_.partition, ": position ", next_, " lies beyond the end ", PositionOf(stable_end),
        "; somebody deleted this topic, and it was created again, or its log was cut off: restore it from a backup"));
  }
  known_end_ = stable_end;
  if (OffsetOf(next_) >= known_end_) {
    fetch_.reset();
  } else if (fetch_ == nullptr) {
    ASSIGN_OR_RETURN(fetch_, fetches_.Start(of_, OffsetOf(next_)));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> KafkaReader::TakeOne(bool some_taken, Deadline& deadline, broker::Message& message) {
  while (true) {
    // The one offset left before the end is nearly always the mark of the transaction just read. With something in
    // hand, the broker's word that nothing follows is not worth waiting for; the next call hears it.
    const bool enough = some_taken && OffsetOf(next_) + 1 == known_end_;
    ASSIGN_OR_RETURN(Fetch::Step step, fetch_->Next(enough ? 0 : deadline.LeftMs()));
    switch (step.kind) {
      case Fetch::Step::Kind::kMessage:
        next_ = PositionOf(step.offset + 1);
        // One of its transaction's own stands behind it, and there is room for no other.
        if (step.in_transaction && step.offset + 2 == known_end_) ends_.NoteMarks(of_, step.offset + 1, known_end_);
        message = std::move(step.message);
        return true;
      case Fetch::Step::Kind::kFiller:
        next_ = PositionOf(step.offset + 1);
        if (OffsetOf(next_) >= known_end_) return false;
        break;
      case Fetch::Step::Kind::kEnd:
        if (step.offset > OffsetOf(next_)) {
          ends_.NoteMarks(of_, OffsetOf(next_), step.offset);
          next_ = PositionOf(step.offset);
        }
        if (OffsetOf(next_) >= known_end_) return false;
        break;
      case Fetch::Step::Kind::kSilence:
        if (enough) return false;
        if (deadline.Passed()) return Silent(of_, OffsetOf(next_));
        break;
    }
  }
}

absl::StatusOr<broker::Message> ReadOne(const KafkaOptions& options, LogEnds& ends, FetchPool& fetches,
                                        const KafkaPartition& of, broker::Position position) {
  const int64_t offset = OffsetOf(position);
  const auto none = [&] {
    return absl::NotFoundError(absl::StrCat(of.topic, "/", of.partition, ": no message at position ", position));
  };
  if (position == 0) return none();
  ASSIGN_OR_RETURN(const int64_t stable_end, ends.StableEnd(of));
  if (offset >= stable_end) return none();
  ASSIGN_OR_RETURN(const auto fetch, fetches.Start(of, offset));
  Deadline deadline(*options.clock, options.request_timeout);
  while (true) {
    auto step = fetch->Next(deadline.LeftMs());
    if (absl::IsOutOfRange(step.status())) return none();  // dropped
    RETURN_IF_ERROR(step.status());
    if (step->kind == Fetch::Step::Kind::kMessage) {
      if (step->offset != offset) return none();
      return std::move(step->message);
    }
    if (step->kind == Fetch::Step::Kind::kFiller) return none();
    if (step->kind == Fetch::Step::Kind::kEnd && step->offset > offset) return none();
    if (deadline.Passed()) return Silent(of, offset);
  }
}

}  // namespace datong::kafka
