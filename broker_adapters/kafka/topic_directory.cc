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
namespace {

// A request for more than ten thousand partitions is refused, and one that takes long holds up its controller.
constexpr size_t kTopicsPerRequest = 200;
constexpr base::TimeUs kPerLeaderUs = 10'000;

}  // namespace

absl::StatusOr<TopicDirectory::WantedTopics> TopicDirectory::NotKnown(const std::vector<broker::NamedTopic>& wanted) {
  WantedTopics unknown;
  const std::lock_guard lock(mutex_);
  for (const broker::NamedTopic& one : wanted) {
    ASSIGN_OR_RETURN(std::string kafka_topic, names_.Topic(one.topic));
    if (one.options.partitions == 0) {
      return absl::InvalidArgumentError(absl::StrCat("topic ", one.topic, ": without partitions"));
    }
    const auto known = known_.find(one.topic);
    if (known != known_.end() && known->second.kind == one.options.kind &&
        known->second.partitions == one.options.partitions) {
      continue;
    }
    unknown.push_back({std::move(kafka_topic), one});
  }
  return unknown;
}

absl::Status TopicDirectory::Create(const std::vector<broker::NamedTopic>& wanted, const Settings& instead) {
  ASSIGN_OR_RETURN(WantedTopics unknown, NotKnown(wanted));
  if (unknown.empty()) return absl::OkStatus();
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(ClusterState cluster, AskForState(client_, deadline));
  const auto missing = std::partition(unknown.begin(), unknown.end(),
                                      [&](const Wanted& one) { return cluster.topics.contains(one.kafka_topic); });
  const Replication replication = ReplicationFor(options_, static_cast<int>(cluster.brokers.size()));
  std::set<std::string> met;
  for (std::span<const Wanted> rest(missing, unknown.end()); !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kTopicsPerRequest));
    rest = rest.subspan(some.size());
    RETURN_IF_ERROR(CreateInCluster(some, replication, instead, met));
  }
  const auto created =
      std::partition(missing, unknown.end(), [&](const Wanted& one) { return met.contains(one.kafka_topic); });
  RETURN_IF_ERROR(AwaitLeaders({created, unknown.end()}));
  for (auto one = created; one != unknown.end(); ++one) {
    Know(one->topic.topic, {one->kafka_topic, one->topic.options.partitions, one->topic.options.kind});
  }
  return CheckExisting({unknown.begin(), created}, std::move(cluster));
}

absl::Status TopicDirectory::CreateInCluster(std::span<const Wanted> topics, const Replication& replication,
                                             const Settings& instead, std::set<std::string>& met) {
  const std::string doing = absl::StrCat("creating topic ", topics.front().kafka_topic,
                                         topics.size() > 1 ? absl::StrCat(" and ", topics.size() - 1, " more") : "");
  char why[512];
  std::vector<CHandle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>> fresh;
  std::vector<rd_kafka_NewTopic_t*> asked;
  for (const Wanted& one : topics) {
    fresh.emplace_back(rd_kafka_NewTopic_new(one.kafka_topic.c_str(), static_cast<int>(one.topic.options.partitions),
                                             replication.replicas, why, sizeof why));
    if (fresh.back() == nullptr) return absl::InvalidArgumentError(absl::StrCat(doing, ": ", why));
    for (const TopicSetting& setting : TopicSettings(one.topic.options.kind, replication)) {
      const auto other = instead.find(setting.name);
      const std::string& value = other == instead.end() ? setting.value : other->second;
      rd_kafka_NewTopic_set_config(fresh.back().get(), setting.name.c_str(), value.c_str());
    }
    asked.push_back(fresh.back().get());
  }
  AdminRequest request(client_, options_.request_timeout);
  rd_kafka_CreateTopics(client_.handle(), asked.data(), asked.size(), request.options(), request.queue());
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(doing));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const std::string topic = rd_kafka_topic_result_name(results[i]);
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    const absl::Status status = FromKafka(rd_kafka_topic_result_error(results[i]),
                                          absl::StrCat("creating topic ", topic), text != nullptr ? text : "");
    if (!absl::IsAlreadyExists(status)) {
      RETURN_IF_ERROR(status);
    } else {
      met.insert(topic);
    }
  }
  return absl::OkStatus();
}

absl::Status TopicDirectory::AwaitLeaders(std::span<const Wanted> created) {
  if (created.empty()) return absl::OkStatus();
  // Leaders are chosen one partition after the other.
  Deadline deadline(*options_.clock,
                    options_.request_timeout + static_cast<base::TimeUs>(created.size()) * kPerLeaderUs);
  while (true) {
    absl::Status trouble;
    if (const auto cluster = AskForState(client_, deadline); cluster.ok()) {
      for (const Wanted& one : created) {
        const auto found = cluster->topics.find(one.kafka_topic);
        if (found != cluster->topics.end() && found->second.size() == one.topic.options.partitions &&
            std::all_of(found->second.begin(), found->second.end(),
                        [](const auto& copy) { return copy.leader >= 0; })) {
          continue;
        }
        trouble = absl::UnavailableError(absl::StrCat(
            "topic ", one.kafka_topic, " was created, but not every partition has a leader: are all brokers up?"));
        break;
      }
    } else {
      trouble = cluster.status();
    }
    if (trouble.ok() || deadline.Passed()) return trouble;
    deadline.Pause();
  }
}

absl::Status TopicDirectory::CheckExisting(std::span<const Wanted> topics, ClusterState cluster) {
  if (topics.empty()) return absl::OkStatus();
  std::vector<std::string> names;
  for (const Wanted& one : topics) names.push_back(one.kafka_topic);
  Deadline deadline(*options_.clock, options_.request_timeout);
  // Processes that share an exchange make its topics at the same time: of one made a moment ago not every broker knows.
  auto configurations = AskForConfigurations(options_, client_, names, kKindSetting);
  while (absl::IsNotFound(configurations.status()) && !deadline.Passed()) {
    deadline.Pause();
    configurations = AskForConfigurations(options_, client_, names, kKindSetting);
  }
  RETURN_IF_ERROR(configurations.status());
  const bool all_seen = std::all_of(topics.begin(), topics.end(),
                                    [&](const Wanted& one) { return cluster.topics.contains(one.kafka_topic); });
  if (!all_seen) {
    ASSIGN_OR_RETURN(cluster, AskForState(client_, deadline));
  }
  for (const Wanted& one : topics) {
    ASSIGN_OR_RETURN(const broker::TopicKind kind, KindOfTopic(one.kafka_topic, (*configurations)[one.kafka_topic]));
    const auto found = cluster.topics.find(one.kafka_topic);
    const size_t partitions = found == cluster.topics.end() ? 0 : found->second.size();
    const broker::TopicOptions& wanted = one.topic.options;
    if (partitions == 0) {
      return absl::UnavailableError(
          absl::StrCat("topic ", one.kafka_topic, " was made a moment ago, and not every broker knows it yet"));
    }
    if (kind != wanted.kind || partitions != wanted.partitions) {
      return absl::AlreadyExistsError(
          absl::StrCat("topic ", one.topic.topic, " exists with kind ", static_cast<int>(kind), " and ", partitions,
                       " partitions, not kind ", static_cast<int>(wanted.kind), " and ", wanted.partitions));
    }
    Know(one.topic.topic, {one.kafka_topic, wanted.partitions, kind});
  }
  return absl::OkStatus();
}

absl::StatusOr<broker::TopicKind> TopicDirectory::KindOfTopic(const std::string& kafka_topic,
                                                              const TopicConfiguration& configured) {
  const auto setting = configured.find(kKindSetting);
  if (const auto kind = KindOf(setting == configured.end() ? "" : setting->second.value)) return *kind;
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", kafka_topic, " was not created by Datong: its ", kKindSetting,
      " says no kind of topic (1 = ", "records, 2 = ledger, 3 = control); delete it, or name the exchange otherwise"));
}

absl::StatusOr<broker::TopicOptions> TopicDirectory::Describe(const std::string& topic) {
  const auto kafka_topic = names_.Topic(topic);
  if (!kafka_topic.ok()) return absl::NotFoundError(kafka_topic.status().message());  // so there can be none
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const TopicMetadata said, AskForTopic(client_, *kafka_topic, deadline));
  ASSIGN_OR_RETURN(auto configurations, AskForConfigurations(options_, client_, {*kafka_topic}, kKindSetting));
  ASSIGN_OR_RETURN(const broker::TopicKind kind, KindOfTopic(*kafka_topic, configurations[*kafka_topic]));
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
  Know(partition.topic, {*kafka_topic, said.partitions, std::nullopt});
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
