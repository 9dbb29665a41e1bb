// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_configuration.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "broker_adapters/kafka/admin_request.h"
#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr size_t kTopicsPerRequest = 200;  // an answer holds some thirty values of each

using Resource = CHandle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

absl::Status ErrorOf(const rd_kafka_ConfigResource_t* resource, const std::string& doing) {
  const char* text = rd_kafka_ConfigResource_error_string(resource);
  return FromKafka(rd_kafka_ConfigResource_error(resource), doing, text != nullptr ? text : "");
}

TopicConfiguration ToConfiguration(const rd_kafka_ConfigResource_t* described) {
  TopicConfiguration configuration;
  size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(described, &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value == nullptr) continue;
    configuration[rd_kafka_ConfigEntry_name(entries[i])] = {
        value, rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG};
  }
  return configuration;
}

absl::Status AskForSome(const KafkaOptions& options, Client& client, const std::string* begin, size_t count,
                        const char* only, std::map<std::string, TopicConfiguration>& into) {
  std::vector<Resource> resources;
  std::vector<rd_kafka_ConfigResource_t*> asked;
  for (size_t i = 0; i < count; ++i) {
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, begin[i].c_str()));
    if (only != nullptr) rd_kafka_ConfigResource_set_config(resources.back().get(), only, "");
    asked.push_back(resources.back().get());
  }
  AdminRequest request(client, options.request_timeout);
  rd_kafka_DescribeConfigs(client.handle(), asked.data(), asked.size(), request.options(), request.queue());
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer("reading the settings of topics"));
  size_t described = 0;
  const rd_kafka_ConfigResource_t** of =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &described);
  for (size_t i = 0; i < described; ++i) {
    const std::string topic = rd_kafka_ConfigResource_name(of[i]);
    RETURN_IF_ERROR(ErrorOf(of[i], absl::StrCat("reading the settings of topic ", topic)));
    into[topic] = ToConfiguration(of[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, TopicConfiguration>> AskForConfigurations(const KafkaOptions& options,
                                                                               Client& client,
                                                                               const std::vector<std::string>& topics,
                                                                               const char* only) {
  std::map<std::string, TopicConfiguration> all;
  for (size_t done = 0; done < topics.size(); done += kTopicsPerRequest) {
    const size_t some = std::min(topics.size() - done, kTopicsPerRequest);
    RETURN_IF_ERROR(AskForSome(options, client, topics.data() + done, some, only, all));
  }
  return all;
}

absl::Status SetConfiguration(const KafkaOptions& options, Client& client, const std::string& topic,
                              const TopicConfiguration& present, const std::map<std::string, std::string>& values) {
  const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [name, configured] : present) {
    if (!configured.of_topic || values.count(name) != 0) continue;
    rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), configured.value.c_str());
  }
  for (const auto& [name, value] : values) {
    rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), value.c_str());
  }
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  const std::string doing = absl::StrCat("setting the configuration of topic ", topic);
  AdminRequest request(client, options.request_timeout);
  rd_kafka_AlterConfigs(client.handle(), resources, 1, request.options(), request.queue());
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(doing));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** altered =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(ErrorOf(altered[i], doing));
  return absl::OkStatus();
}

}  // namespace datong::kafka
