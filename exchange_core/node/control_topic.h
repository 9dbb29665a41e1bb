// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "exchange_core/broker/broker.h"

namespace datong::node {

inline constexpr char kCatalogTopic[] = "catalog";
inline constexpr char kSourcesTopic[] = "sources";
inline constexpr char kReceiptsTopic[] = "receipts";
// Only where several machines reach the topics:
inline constexpr char kHolderTopic[] = "holder";
inline constexpr char kMembersTopic[] = "members";

// What connectors at a department ask (docs/kafka.md), and what they are told.
inline std::string RequestsTopic(uint32_t department_id) { return "requests." + std::to_string(department_id); }
inline std::string AnswersTopic(uint32_t department_id) { return "answers." + std::to_string(department_id); }

// Reads a control topic (one partition) from its beginning to its present end.
absl::Status ReplayControlTopic(broker::Broker& broker, const std::string& topic,
                                const std::function<absl::Status(std::string_view body)>& apply);

// A control topic (one partition) being read to its end again and again: the only road by which what stands in it gets
// into memory. Whoever has written to it reads that here like everybody else; so a table never says what the topic does
// not, whoever wrote it, and whatever became of the commit. Thread-safe.
class ControlTail {
 public:
  // `apply` is called by one thread at a time, in the order of the topic. After an error it is given the same message
  // again by the next call.
  using Apply = std::function<absl::Status(std::string_view body)>;
  ControlTail(broker::Broker& broker, std::string topic, Apply apply)
      : broker_(broker), topic_(std::move(topic)), apply_(std::move(apply)) {}

  // Everything that anybody had committed before the call is applied. After a fence: what the older holder began has
  // landed by now, or never will.
  absl::Status CatchUp();
  // As CatchUp(), without waiting for commits that others are in the middle of. What this process itself has committed
  // is there.
  absl::Status Follow();

 private:
  absl::Status ReadToEnd();

  broker::Broker& broker_;
  const std::string topic_;
  const Apply apply_;
  std::mutex mutex_;  // held across reading; behind it `tables`, and behind the snapshots' own that of the sources
  std::unique_ptr<broker::Reader> reader_;
};

}  // namespace datong::node
