// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_directory.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "broker_adapters/kafka/admin_request.h"
#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/topic_configuration.h"
#include "broker_adapters/kafka/topic_settings.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {

absl::Status TopicDirectory::Create(const std::string& topic, const broker::TopicOptions& wanted,
                                    const Settings& instead) {
  ASSIGN_OR_RETURN(const std::string kafka_topic, names_.Topic(topic));
  if (wanted.partitions == 0) return absl::InvalidArgumentError(absl::StrCat("topic ", topic, ": without partitions"));
  Deadline deadline(*options_.clock, options_.request_timeout);
  const absl::Status created = CreateInCluster(kafka_topic, wanted, instead, deadline);
  if (created.ok()) {
    RETURN_IF_ERROR(AwaitLeaders(kafka_topic, wanted.partitions, deadline));
    Know(topic, {kafka_topic, wanted.partitions});
    return created;
  }
  if (!absl::IsAlreadyExists(created)) return created;
  auto existing = Describe(topic);
  // Processes that share an exchange make its topics at the same time: of one made a moment ago not every broker knows.
  while (absl::IsNotFound(existing.status()) && !deadline.Passed()) {
    deadline.Pause();
    existing = Describe(topic);
  }
  RETURN_IF_ERROR(existing.status());
  if (existing->kind == wanted.kind && existing->partitions == wanted.partitions) {
    Know(topic, {kafka_topic, wanted.partitions});
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(absl::StrCat("topic ", topic, " exists with kind ", static_cast<int>(existing->kind),
                                               " and ", existing->partitions, " partitions, not kind ",
                                               static_cast<int>(wanted.kind), " and ", wanted.partitions));
}

absl::Status TopicDirectory::CreateInCluster(const std::string& kafka_topic, const broker::TopicOptions& wanted,
                                             const Settings& instead, Deadline& deadline) {
  ASSIGN_OR_RETURN(const int brokers, AskForBrokerCount(client_, deadline));
  const Replication replication = ReplicationFor(options_, brokers);
  const std::string doing = absl::StrCat("creating topic ", kafka_topic);
  char why[512];
  const CHandle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> fresh(rd_kafka_NewTopic_new(
      kafka_topic.c_str(), static_cast<int>(wanted.partitions), replication.replicas, why, sizeof why));
  if (fresh == nullptr) return absl::InvalidArgumentError(absl::StrCat(doing, ": ", why));
  for (const TopicSetting& setting : TopicSettings(wanted.kind, replication)) {
    const auto other = instead.find(setting.name);
    const std::string& value = other == instead.end() ? setting.value : other->second;
    rd_kafka_NewTopic_set_config(fresh.get(), setting.name.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* topics[] = {fresh.get()};
  AdminRequest request(client_, options_.request_timeout);
  rd_kafka_CreateTopics(client_.handle(), topics, 1, request.options(), request.queue());
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(doing));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    RETURN_IF_ERROR(FromKafka(rd_kafka_topic_result_error(results[i]), doing, text != nullptr ? text : ""));
  }
  return absl::OkStatus();
}

absl::Status TopicDirectory::AwaitLeaders(const std::string& kafka_topic, uint32_t partitions, Deadline& deadline) {
  while (true) {
    const auto said = AskForTopic(client_, kafka_topic, deadline);
    if (said.ok() && said->all_led && said->partitions == partitions) return absl::OkStatus();
    if (deadline.Passed()) {
      if (!said.ok()) return said.status();
      return absl::UnavailableError(absl::StrCat(
          "topic ", kafka_topic, " was created, but not every partition has a leader: are all brokers up?"));
    }
    deadline.Pause();
  }
}

absl::StatusOr<broker::TopicKind> TopicDirectory::KindOfTopic(const std::string& kafka_topic) {
  ASSIGN_OR_RETURN(auto configurations, AskForConfigurations(options_, client_, {kafka_topic}));
  if (const auto kind = KindOf(configurations[kafka_topic][kKindSetting].value)) return *kind;
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", kafka_topic, " was not created by Datong: its ", kKindSetting,
      " says no kind of topic (1 = ", "records, 2 = ledger, 3 = control); delete it, or name the exchange otherwise"));
}

absl::StatusOr<broker::TopicOptions> TopicDirectory::Describe(const std::string& topic) {
  const auto kafka_topic = names_.Topic(topic);
  if (!kafka_topic.ok()) return absl::NotFoundError(kafka_topic.status().message());  // so there can be none
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const TopicMetadata said, AskForTopic(client_, *kafka_topic, deadline));
  ASSIGN_OR_RETURN(const broker::TopicKind kind, KindOfTopic(*kafka_topic));
  return broker::TopicOptions{kind, said.partitions};
}

absl::StatusOr<std::vector<std::string>> TopicDirectory::List() {
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const auto all, AskForTopicNames(client_, deadline));
  std::vector<std::string> own;
  for (const std::string& name : all) {
    if (auto topic = names_.OwnTopic(name)) own.push_back(*std::move(topic));
  }
  std::sort(own.begin(), own.end());
  return own;
}

absl::StatusOr<std::string> TopicDirectory::Find(const broker::TopicPartition& partition) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = known_.find(partition.topic);
    if (it != known_.end() && partition.partition < it->second.partitions) return it->second.kafka_topic;
  }
  auto kafka_topic = names_.Topic(partition.topic);
  if (!kafka_topic.ok()) return absl::NotFoundError(kafka_topic.status().message());
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const TopicMetadata said, AskForTopic(client_, *kafka_topic, deadline));
  Know(partition.topic, {*kafka_topic, said.partitions});
  if (partition.partition < said.partitions) return kafka_topic;
  return absl::NotFoundError(absl::StrCat("topic ", partition.topic, " has ", said.partitions,
                                          " partitions, no number ", partition.partition));
}

// What one broker has told of a topic that was made a moment ago, the next one that is asked need not have heard yet.
void TopicDirectory::Know(const std::string& topic, Known known) {
  const std::lock_guard lock(mutex_);
  known_[topic] = std::move(known);
}

void TopicDirectory::ForgetAll() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

}  // namespace datong::kafka
