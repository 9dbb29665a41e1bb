// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/cluster_health.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "broker_adapters/kafka/offset_questions.h"
#include "broker_adapters/kafka/offsets.h"
#include "broker_adapters/kafka/topic_settings.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

using broker::HealthWarning;

constexpr char kTransactionsTopic[] = "__transaction_state";
constexpr char kPositionsTopic[] = "__consumer_offsets";
constexpr base::TimeUs kDayUs = base::TimeUs{24} * 3600 * 1'000'000;
// A cluster looks for overdue transactions every 10 s, and its clock need not be ours.
constexpr base::TimeUs kOverdueGraceUs = 60'000'000;
constexpr size_t kNamedMax = 3;

// "a, b, c and 12 more"
std::string Some(const std::vector<std::string>& all) {
  std::string text;
  for (size_t i = 0; i < std::min(all.size(), kNamedMax); ++i) absl::StrAppend(&text, i == 0 ? "" : ", ", all[i]);
  if (all.size() > kNamedMax) absl::StrAppend(&text, " and ", all.size() - kNamedMax, " more");
  return text;
}

std::string PlaceName(const std::string& topic, size_t partition) { return absl::StrCat(topic, "/", partition); }

std::string ValueOf(const TopicConfiguration& configuration, const std::string& name) {
  const auto it = configuration.find(name);
  return it == configuration.end() ? std::string() : it->second.value;
}

int64_t NumberOf(const TopicConfiguration& configuration, const std::string& name, int64_t otherwise) {
  int64_t number = 0;
  return absl::SimpleAtoi(ValueOf(configuration, name), &number) ? number : otherwise;
}

std::string Duration(base::TimeUs time) {
  const int64_t minutes = std::max<base::TimeUs>(time, 0) / 60'000'000;
  return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
}

// What lacks a copy, by the broker that should have it.
struct Lacking {
  std::vector<std::string> partitions;
  std::vector<std::string> unwritable;  // of these, so few copies are in sync that writes are refused
};

}  // namespace

bool AgesAway(const TopicConfiguration& configuration) {
  return NumberOf(configuration, "retention.ms", -1) >= 0 || NumberOf(configuration, "retention.bytes", -1) >= 0 ||
         absl::StrContains(ValueOf(configuration, "cleanup.policy"), "compact");
}

std::vector<HealthWarning> JudgeCopies(const ClusterState& cluster, const Names& names,
                                       const std::map<std::string, TopicConfiguration>& configurations) {
  std::map<int, Lacking> lacking;
  std::vector<std::string> leaderless, leaderless_transactions;
  for (const auto& [topic, partitions] : cluster.topics) {
    const bool transactions = topic == kTransactionsTopic;
    if (!names.OwnTopic(topic).has_value() && !transactions && topic != kPositionsTopic) continue;
    const auto configured = configurations.find(topic);
    const int64_t min_insync =
        configured == configurations.end() ? 1 : NumberOf(configured->second, kMinInsyncSetting, 1);
    for (size_t i = 0; i < partitions.size(); ++i) {
      const PartitionCopies& copies = partitions[i];
      if (copies.leader < 0) (transactions ? leaderless_transactions : leaderless).push_back(PlaceName(topic, i));
      for (const int broker : copies.replicas) {
        if (std::find(copies.in_sync.begin(), copies.in_sync.end(), broker) != copies.in_sync.end()) continue;
        lacking[broker].partitions.push_back(PlaceName(topic, i));
        if (static_cast<int64_t>(copies.in_sync.size()) < min_insync) {
          lacking[broker].unwritable.push_back(PlaceName(topic, i));
        }
      }
    }
  }
  std::vector<HealthWarning> warnings;
  if (!leaderless.empty()) {
    warnings.push_back({.code = "no_leader",
                        .urgent = true,
                        .where = Some(leaderless),
                        .what = "no broker leads it: it can be neither read nor written, and whoever needs it waits",
                        .next = "start the brokers that have its copies"});
  }
  if (!leaderless_transactions.empty()) {
    warnings.push_back({.code = "transaction_coordinator",
                        .urgent = true,
                        .where = Some(leaderless_transactions),
                        .what = "no broker coordinates the transactions kept there: those lanes cannot commit",
                        .next = "start the brokers that have its copies"});
  }
  for (const auto& [broker, lacks] : lacking) {
    const bool up = std::find(cluster.brokers.begin(), cluster.brokers.end(), broker) != cluster.brokers.end();
    std::string what =
        absl::StrCat(up ? "is behind with " : "is away, with its copies of ", lacks.partitions.size(),
                     lacks.partitions.size() == 1 ? " partition (" : " partitions (", Some(lacks.partitions), ")");
    if (!lacks.unwritable.empty()) {
      absl::StrAppend(&what, "; so few copies are left of ", Some(lacks.unwritable), " that nothing can be written");
    }
    warnings.push_back({.code = "under_replicated",
                        .urgent = !lacks.unwritable.empty(),
                        .where = absl::StrCat("broker ", broker),
                        .what = std::move(what),
                        .next = up ? "look at its disk, its network and its log" : "start it again, or replace it"});
  }
  return warnings;
}

std::vector<HealthWarning> JudgeSettings(const KafkaOptions& options, const ClusterState& cluster,
                                         const std::map<std::string, TopicConfiguration>& configurations) {
  std::vector<HealthWarning> warnings;
  std::vector<std::string> aging, thin;
  const int wanted = ReplicationFor(options, static_cast<int>(cluster.brokers.size())).replicas;
  const auto fewest_copies = [&](const std::string& topic) {
    size_t fewest = static_cast<size_t>(wanted);
    const auto it = cluster.topics.find(topic);
    if (it == cluster.topics.end()) return fewest;
    for (const PartitionCopies& one : it->second) fewest = std::min(fewest, one.replicas.size());
    return fewest;
  };
  for (const auto& [topic, configuration] : configurations) {
    const bool kafkas_own = topic == kTransactionsTopic || topic == kPositionsTopic;
    if (!kafkas_own && AgesAway(configuration)) aging.push_back(topic);
    if (!kafkas_own && fewest_copies(topic) < static_cast<size_t>(wanted)) thin.push_back(topic);
  }
  if (!aging.empty()) {
    warnings.push_back({.code = "retention",
                        .where = Some(aging),
                        .what = "messages go by themselves there (retention.ms, retention.bytes or cleanup.policy), "
                                "whether or not they were read",
                        .next = "`datong topics apply` makes it keep what is needed"});
  }
  if (!thin.empty()) {
    warnings.push_back({.code = "few_copies",
                        .where = Some(thin),
                        .what = absl::StrCat("fewer copies than the ", wanted, " that are planned"),
                        .next = "`datong topics plan` shows them; kafka-reassign-partitions gives them more"});
  }
  for (const char* topic : {kTransactionsTopic, kPositionsTopic}) {
    const size_t copies = fewest_copies(topic);
    if (copies >= static_cast<size_t>(wanted)) continue;
    warnings.push_back({.code = "transaction_coordinator",
                        .where = topic,
                        .what = absl::StrCat("Kafka keeps ", copies, copies == 1 ? " copy" : " copies",
                                             " of it where the exchange's topics have ", wanted,
                                             ": without the broker that has it, no lane can commit"),
                        .next = "kafka-reassign-partitions gives it more"});
  }
  return warnings;
}

absl::StatusOr<std::vector<HealthWarning>> ClusterHealth::Ask(const std::vector<broker::PlaceOfReader>& places) {
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const ClusterState cluster, AskForState(appended_, deadline));
  std::vector<std::string> topics;
  for (const auto& [name, partitions] : cluster.topics) {
    if (names_.OwnTopic(name).has_value()) topics.push_back(name);
  }
  ASSIGN_OR_RETURN(const Configurations configurations, AskForConfigurations(options_, appended_, topics));
  Warnings warnings = JudgeCopies(cluster, names_, configurations);
  const Warnings of_settings = JudgeSettings(options_, cluster, configurations);
  warnings.insert(warnings.end(), of_settings.begin(), of_settings.end());
  // What follows asks the partitions themselves. Where one of them cannot answer, what is known already is worth more
  // than an error.
  absl::Status asked = WarnOfAging(places, configurations, warnings);
  if (asked.ok()) asked = WarnOfOpenTransactions(cluster, warnings);
  if (!asked.ok()) {
    warnings.push_back({.code = "no_answer",
                        .urgent = true,
                        .where = options_.bootstrap_servers,
                        .what = std::string(asked.message()),
                        .next = "see the other warnings; ask again when the brokers are up"});
  }
  WarnOfLostWriters(warnings);
  return warnings;
}

absl::Status ClusterHealth::WarnOfAging(const std::vector<broker::PlaceOfReader>& places,
                                        const Configurations& configurations, Warnings& warnings) {
  std::vector<KafkaPartition> aging;
  std::vector<const broker::PlaceOfReader*> readers;
  for (const broker::PlaceOfReader& place : places) {
    const auto topic = names_.Topic(place.partition.topic);
    const auto it = topic.ok() ? configurations.find(*topic) : configurations.end();
    if (it == configurations.end() || !AgesAway(it->second)) continue;
    aging.push_back({*topic, place.partition.partition});
    readers.push_back(&place);
  }
  ASSIGN_OR_RETURN(const auto begins, OffsetsAt(options_, committed_, aging, kEarliest));
  ASSIGN_OR_RETURN(const auto ends, OffsetsAt(options_, committed_, aging, kLatest));
  for (size_t i = 0; i < aging.size(); ++i) {
    const int64_t next = OffsetOf(readers[i]->next);
    const std::string where = PlaceName(aging[i].topic, aging[i].partition);
    if (next < begins[i]) {
      warnings.push_back({.code = "unread_dropped",
                          .urgent = true,
                          .where = where,
                          .what = absl::StrCat("offsets ", next, " to ", begins[i] - 1, " are gone before ",
                                               readers[i]->reader, " has read them"),
                          .next = "`datong topics apply` stops it; begin another subscription, with `start: present`"});
    }
    const int64_t retention_ms = NumberOf(configurations.at(aging[i].topic), "retention.ms", -1);
    const int64_t unread = std::max(next, begins[i]);
    if (retention_ms < 0 || unread >= ends[i]) continue;
    ASSIGN_OR_RETURN(const base::TimeUs written, TimeOfMessage(aging[i], unread));
    if (written == 0) continue;
    const base::TimeUs left = written + retention_ms * 1000 - options_.clock->Now();
    warnings.push_back(
        {.code = "retention",
         .urgent = left < std::max(kDayUs, retention_ms * 1000 / 4),
         .where = where,
         .what = absl::StrCat("retention.ms is ", retention_ms, ": the oldest record that ", readers[i]->reader,
                              " has not read (offset ", unread, ") may go in ", Duration(left)),
         .next = "`datong topics apply` makes it keep what is not read"});
  }
  return absl::OkStatus();
}

absl::StatusOr<base::TimeUs> ClusterHealth::TimeOfMessage(const KafkaPartition& of, int64_t offset) {
  ASSIGN_OR_RETURN(const auto fetch, fetches_.Start(of, offset));
  Deadline deadline(*options_.clock, options_.request_timeout);
  while (!deadline.Passed()) {
    const auto step = fetch->Next(deadline.LeftMs());
    if (absl::IsOutOfRange(step.status())) return 0;  // gone meanwhile
    RETURN_IF_ERROR(step.status());
    if (step->kind == Fetch::Step::Kind::kMessage) return step->message.append_time;
    if (step->kind == Fetch::Step::Kind::kEnd) return 0;
  }
  return absl::UnavailableError(absl::StrCat("reading ", PlaceName(of.topic, of.partition), ": no answer in time"));
}

// Readers stop at the oldest open transaction. One that is older than any may be was left behind: its writer is gone,
// and whoever should have ended it did not.
absl::Status ClusterHealth::WarnOfOpenTransactions(const ClusterState& cluster, Warnings& warnings) {
  std::vector<KafkaPartition> led;
  for (const auto& [topic, partitions] : cluster.topics) {
    if (!names_.OwnTopic(topic).has_value()) continue;
    for (uint32_t i = 0; i < partitions.size(); ++i) {
      if (partitions[i].leader >= 0) led.push_back({topic, i});
    }
  }
  // The stable end first: what was open then and is still behind it was open in between.
  ASSIGN_OR_RETURN(const auto stable, OffsetsAt(options_, committed_, led, kLatest));
  ASSIGN_OR_RETURN(const auto ends, OffsetsAt(options_, appended_, led, kLatest));
  std::vector<KafkaPartition> open;
  std::vector<int64_t> open_from;
  for (size_t i = 0; i < led.size(); ++i) {
    if (stable[i] >= ends[i]) continue;
    open.push_back(led[i]);
    open_from.push_back(stable[i]);
  }
  const base::TimeUs overdue = options_.clock->Now() - options_.transaction_timeout - kOverdueGraceUs;
  ASSIGN_OR_RETURN(const auto recent, OffsetsAt(options_, appended_, open, overdue / 1000));
  for (size_t i = 0; i < open.size(); ++i) {
    if (recent[i] >= 0 && recent[i] <= open_from[i]) continue;
    warnings.push_back({.code = "open_transaction",
                        .urgent = true,
                        .where = PlaceName(open[i].topic, open[i].partition),
                        .what = absl::StrCat("a transaction has been open at offset ", open_from[i],
                                             " for longer than one may last; readers stop before it"),
                        .next = "kafka-transactions find-hanging names it, abort ends it"});
  }
  return absl::OkStatus();
}

void ClusterHealth::WarnOfLostWriters(Warnings& warnings) {
  const int lost = lost_writers_.Count();
  if (lost == 0) return;
  warnings.push_back(
      {.code = "transaction_coordinator",
       .urgent = true,
       .where = options_.bootstrap_servers,
       .what = absl::StrCat(lost, lost == 1 ? " writer" : " writers", " of this process could not be opened"),
       .next = "nothing, if it passes within seconds; else look at the brokers' logs"});
}

}  // namespace datong::kafka
