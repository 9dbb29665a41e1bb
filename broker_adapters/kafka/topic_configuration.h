// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "broker_adapters/kafka/kafka_client.h"

namespace datong::kafka {

struct ConfiguredValue {
  std::string value;
  bool of_topic = false;  // set for the topic itself, not inherited from a broker's or Kafka's default
};
using TopicConfiguration = std::map<std::string, ConfiguredValue>;

// By topic. NotFound: one of them does not exist. `only`: of this one setting; nullptr: all.
absl::StatusOr<std::map<std::string, TopicConfiguration>> AskForConfigurations(const KafkaOptions& options,
                                                                               Client& client,
                                                                               const std::vector<std::string>& topics,
                                                                               const char* only = nullptr);

// Sets these values; what else is set for the topic stays. `present` is what it was found with: the request replaces
// all of a topic's own values, so those that stay are sent again.
absl::Status SetConfiguration(const KafkaOptions& options, Client& client, const std::string& topic,
                              const TopicConfiguration& present, const std::map<std::string, std::string>& values);

}  // namespace datong::kafka
