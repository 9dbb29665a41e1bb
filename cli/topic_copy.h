// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker_adapters/kafka/log_copy.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"

namespace datong::cli {

// Carries topics from one engine to Kafka, every message at its position, and holds both against each other. What is
// there already - of a copy that was killed, or from before the exchange went on for a while - stays; the rest follows.
// Errors are problems (admin::ToStatus) where the caller can do something about it. One thread.
class TopicCopy {
 public:
  struct Sides {
    broker::Broker& from;
    broker::Broker& to;  // the same topics as `writing`
    kafka::LogCopy& writing;
    std::string exchange;  // its name in the cluster
    base::StepObserver& steps;
  };
  // What Kafka's readers see beside a message of this topic; may mend the message.
  using Restore = std::function<broker::Attributes(const std::string& topic, broker::Message& message)>;
  // A moment of it; false: stop.
  using Look = std::function<bool(uint64_t messages, uint64_t messages_total)>;

  struct Counts {
    uint64_t kept = 0, bytes = 0;  // that are in the topic now; counted by Compare()
    uint64_t carried = 0;          // by this object
  };

  TopicCopy(const Sides& sides, Restore restore) : sides_(sides), restore_(std::move(restore)) {}

  // Makes the topics and writes what they lack. Cancelled: `look` said so.
  absl::Status CarryOver(const std::vector<std::string>& topics, const Look& look);
  // DataLoss (Code::kCopyDiffers) names the first message that is not the same on both sides.
  absl::Status Compare(const std::vector<std::string>& topics, const Look& look);

  const std::map<std::string, Counts>& counts() const { return counts_; }

 private:
  struct Part {
    broker::TopicPartition place;
    broker::PartitionBounds bounds;  // at the source
    broker::Position next = 0;       // in the cluster
  };
  struct Told;  // how much is done, for `look`

  absl::StatusOr<std::vector<Part>> Plan(const std::vector<std::string>& topics);
  absl::Status CheckWhatIsThere(const Part& part);
  absl::Status CarryPart(const Part& part, Told& told);
  absl::Status SkipDropped(const Part& part);
  absl::Status ComparePart(const Part& part, Told& told);
  absl::Status Differs(const broker::TopicPartition& place, const std::string& why) const;
  absl::Status OfWriting(const broker::TopicPartition& place, const absl::Status& status) const;

  const Sides sides_;
  const Restore restore_;
  std::map<std::string, Counts> counts_;
};

}  // namespace datong::cli
