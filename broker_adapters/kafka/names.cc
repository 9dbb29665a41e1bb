// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/names.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "exchange_core/base/absl_view.h"

namespace datong::kafka {
namespace {

constexpr size_t kExchangeBytesMax = 100;
constexpr size_t kTopicBytesMax = 249;  // Kafka's limit

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

absl::StatusOr<Names> Names::Of(const std::string& exchange) {
  // No dot: the first one ends the exchange's name, so "a" can never list the topics of "a.b".
  if (exchange.empty() || exchange.size() > kExchangeBytesMax ||
      !std::all_of(exchange.begin(), exchange.end(), IsWordCharacter)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", exchange, "' cannot name an exchange on Kafka: use letters, digits, '_' and '-', at most ",
                     kExchangeBytesMax));
  }
  return Names(exchange + ".");
}

absl::StatusOr<std::string> Names::Topic(std::string_view topic) const {
  if (topic.empty()) return absl::InvalidArgumentError("a topic needs a name");
  if (prefix_.size() + topic.size() > kTopicBytesMax ||
      !std::all_of(topic.begin(), topic.end(), [](char c) { return IsWordCharacter(c) || c == '.'; })) {
    return absl::InvalidArgumentError(absl::StrCat("Kafka cannot hold a topic named '", prefix_, base::Absl(topic),
                                                   "': use letters, digits, '.', '_' and '-', at most ",
                                                   kTopicBytesMax));
  }
  return prefix_ + std::string(topic);
}

std::optional<std::string> Names::OwnTopic(std::string_view kafka_topic) const {
  if (kafka_topic.size() <= prefix_.size() || kafka_topic.substr(0, prefix_.size()) != prefix_) return std::nullopt;
  return std::string(kafka_topic.substr(prefix_.size()));
}

}  // namespace datong::kafka
