// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

namespace datong::kafka {

// What the things of one exchange are called in a cluster that it shares with others.
class Names {
 public:
  // InvalidArgument when `exchange` cannot begin a Kafka name.
  static absl::StatusOr<Names> Of(const std::string& exchange);

  // InvalidArgument when Kafka could not hold a topic of that name.
  absl::StatusOr<std::string> Topic(std::string_view topic) const;
  std::string Group(std::string_view group) const { return prefix_ + std::string(group); }
  std::string TransactionalId(std::string_view identity) const { return prefix_ + std::string(identity); }
  // The topic's own name; nothing when it is not this exchange's.
  std::optional<std::string> OwnTopic(std::string_view kafka_topic) const;

 private:
  explicit Names(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string prefix_;
};

}  // namespace datong::kafka
