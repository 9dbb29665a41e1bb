// SPDX-License-Identifier: Apache-2.0
#include "cli/topic_copy.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

constexpr broker::ReadLimits kPoll{.messages_max = 4'096, .bytes_max = size_t{16} << 20};
// Fillers of a range that nothing is kept of are dropped by so many, so that they never take much room.
constexpr broker::Position kFillersAtOnce = 1'000'000;

// What has no message on either side is the same.
bool Same(const broker::Message& one, const broker::Message& other) {
  return one.position == other.position && one.key == other.key && one.envelope == other.envelope &&
         one.body.bytes() == other.body.bytes();
}

// One message after the other of a partition.
class Cursor {
 public:
  static absl::StatusOr<Cursor> Open(broker::Broker& broker, const broker::TopicPartition& of, broker::Position from) {
    Cursor cursor;
    ASSIGN_OR_RETURN(cursor.reader_, broker.OpenReader(of, from));
    return cursor;
  }
  // nullptr: that was all. Valid until the next call.
  absl::StatusOr<const broker::Message*> Next() {
    if (at_ == messages_.size()) {
      ASSIGN_OR_RETURN(messages_, reader_->Poll(kPoll));
      at_ = 0;
    }
    return messages_.empty() ? nullptr : &messages_[at_++];
  }

 private:
  std::unique_ptr<broker::Reader> reader_;
  std::vector<broker::Message> messages_;
  size_t at_ = 0;
};

}  // namespace

struct TopicCopy::Told {
  const Look& look;
  uint64_t done = 0, total = 0;
  // Tells now and then: a look may cost as much as many small messages.
  absl::Status Add(uint64_t messages) {
    done += messages;
    return look(done, total) ? absl::OkStatus() : absl::CancelledError("interrupted");
  }
};

absl::Status TopicCopy::Differs(const broker::TopicPartition& place, const std::string& why) const {
  const std::string topic = absl::StrCat(sides_.exchange, ".", place.topic);
  return admin::ToStatus({.code = admin::Code::kCopyDiffers,
                          .what = "what was carried over is not what the exchange holds",
                          .where = absl::StrCat(topic, "/", place.partition),
                          .why = why,
                          .next = absl::StrCat("delete topic ", topic, " (kafka-topics --delete) and give the same ",
                                               "command again: it is carried over anew")});
}

absl::Status TopicCopy::OfWriting(const broker::TopicPartition& place, const absl::Status& status) const {
  const bool wrong_place = absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
  return wrong_place ? Differs(place, std::string(base::Std(status.message()))) : status;
}

absl::StatusOr<std::vector<TopicCopy::Part>> TopicCopy::Plan(const std::vector<std::string>& topics) {
  std::vector<Part> parts;
  for (const std::string& topic : topics) {
    ASSIGN_OR_RETURN(const broker::TopicOptions options, sides_.from.DescribeTopic(topic));
    for (uint32_t partition = 0; partition < options.partitions; ++partition) {
      Part& part = parts.emplace_back();
      part.place = {topic, partition};
      ASSIGN_OR_RETURN(part.bounds, sides_.from.Bounds(part.place));
      ASSIGN_OR_RETURN(part.next, sides_.writing.Next(part.place));
    }
  }
  return parts;
}

absl::Status TopicCopy::CarryOver(const std::vector<std::string>& topics, const Look& look) {
  for (const std::string& topic : topics) {
    ASSIGN_OR_RETURN(const broker::TopicOptions options, sides_.from.DescribeTopic(topic));
    RETURN_IF_ERROR(sides_.writing.MakeTopic(topic, options));
    sides_.steps.Reached("migrate.topic_made");
  }
  ASSIGN_OR_RETURN(const std::vector<Part> parts, Plan(topics));
  Told told{look};
  for (const Part& part : parts) {
    told.total += part.bounds.end - std::min(part.bounds.end, std::max(part.next, part.bounds.begin));
  }
  for (const Part& part : parts) {
    RETURN_IF_ERROR(CheckWhatIsThere(part));
    RETURN_IF_ERROR(CarryPart(part, told));
  }
  return absl::OkStatus();
}

// Whatever stands at the end decides whether what follows may be put behind it.
absl::Status TopicCopy::CheckWhatIsThere(const Part& part) {
  if (part.next > part.bounds.end) {
    return Differs(part.place,
                   absl::StrCat("it goes on to position ", part.next, ", the exchange to ", part.bounds.end));
  }
  const broker::Position last = part.next - 1;
  if (last < std::max<broker::Position>(part.bounds.begin, 1)) return absl::OkStatus();
  const auto here = sides_.from.ReadAt(part.place, last);
  const auto there = sides_.to.ReadAt(part.place, last);
  for (const absl::Status& status : {here.status(), there.status()}) {
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  if (here.ok() != there.ok() || (here.ok() && !Same(*here, *there))) {
    return Differs(part.place, absl::StrCat("at position ", last, " stands something else"));
  }
  return absl::OkStatus();
}

absl::Status TopicCopy::SkipDropped(const Part& part) {
  for (broker::Position next = part.next; next < part.bounds.begin;) {
    next = std::min(part.bounds.begin, next + kFillersAtOnce);
    RETURN_IF_ERROR(sides_.writing.Fill(next));
    RETURN_IF_ERROR(sides_.writing.Flush());
    RETURN_IF_ERROR(sides_.to.DropBefore(part.place, next));
  }
  return absl::OkStatus();
}

absl::Status TopicCopy::CarryPart(const Part& part, Told& told) {
  if (part.next < part.bounds.end) {
    RETURN_IF_ERROR(sides_.writing.Begin(part.place, part.next));
    RETURN_IF_ERROR(OfWriting(part.place, SkipDropped(part)));
    ASSIGN_OR_RETURN(const auto reader, sides_.from.OpenReader(part.place, std::max(part.next, part.bounds.begin)));
    while (true) {
      ASSIGN_OR_RETURN(std::vector<broker::Message> messages, reader->Poll(kPoll));
      if (messages.empty()) break;
      for (broker::Message& message : messages) {
        const broker::Attributes attributes = restore_(part.place.topic, message);
        RETURN_IF_ERROR(OfWriting(part.place, sides_.writing.Append(message, attributes)));
      }
      sides_.steps.Reached("migrate.part_sent");
      counts_[part.place.topic].carried += messages.size();
      RETURN_IF_ERROR(told.Add(messages.size()));
    }
    RETURN_IF_ERROR(OfWriting(part.place, sides_.writing.Fill(part.bounds.end)));
    RETURN_IF_ERROR(OfWriting(part.place, sides_.writing.Flush()));
  }
  if (part.bounds.begin > 1) RETURN_IF_ERROR(sides_.to.DropBefore(part.place, part.bounds.begin));
  sides_.steps.Reached("migrate.partition_copied");
  return absl::OkStatus();
}

absl::Status TopicCopy::Compare(const std::vector<std::string>& topics, const Look& look) {
  ASSIGN_OR_RETURN(const std::vector<Part> parts, Plan(topics));
  Told told{look};
  for (const Part& part : parts) told.total += part.bounds.end - part.bounds.begin;
  for (const Part& part : parts) RETURN_IF_ERROR(ComparePart(part, told));
  return absl::OkStatus();
}

absl::Status TopicCopy::ComparePart(const Part& part, Told& told) {
  ASSIGN_OR_RETURN(const broker::PartitionBounds there, sides_.to.Bounds(part.place));
  const broker::Position begin = part.bounds.begin > 1 ? part.bounds.begin : 0;
  if (there.end != part.bounds.end || there.begin != begin) {
    return Differs(part.place, absl::StrCat("it holds positions ", there.begin, " to ", there.end, ", the exchange ",
                                            begin, " to ", part.bounds.end));
  }
  Counts& counts = counts_[part.place.topic];
  ASSIGN_OR_RETURN(Cursor ours, Cursor::Open(sides_.from, part.place, part.bounds.begin));
  ASSIGN_OR_RETURN(Cursor theirs, Cursor::Open(sides_.to, part.place, part.bounds.begin));
  constexpr uint64_t kTellEvery = 256;
  uint64_t untold = 0;
  while (true) {
    ASSIGN_OR_RETURN(const broker::Message* const one, ours.Next());
    ASSIGN_OR_RETURN(const broker::Message* const other, theirs.Next());
    if (one == nullptr && other == nullptr) break;
    if (one == nullptr || other == nullptr || !Same(*one, *other)) {
      return Differs(part.place, absl::StrCat("the messages at position ",
                                              one != nullptr ? one->position : other->position, " are not the same"));
    }
    ++counts.kept;
    counts.bytes += one->key.size() + one->envelope.size() + one->body.bytes().size();
    if (++untold == kTellEvery) RETURN_IF_ERROR(told.Add(std::exchange(untold, 0)));
  }
  return told.Add(untold);
}

}  // namespace datong::cli
