// SPDX-License-Identifier: Apache-2.0
// A topic is held against its plan: what may be set is set, what would harm is left to a person, a foreign topic is not
// touched.
#include "broker_adapters/kafka/topic_plan.h"

#include <catch2/catch.hpp>

#include "broker_adapters/kafka/kafka_broker.h"

namespace datong::kafka {
namespace {

using broker::TopicKind;
using Remedy = TopicDifference::Remedy;

FoundTopic AsPlanned(TopicKind kind, const Replication& replication, uint32_t partitions = 1) {
  FoundTopic found{partitions, replication.replicas, {}};
  for (const TopicSetting& one : TopicSettings(kind, replication)) found.configuration[one.name] = {one.value, true};
  return found;
}

TEST_CASE("replication follows the brokers, unless it is told") {
  KafkaOptions options;
  CHECK(ReplicationFor(options, 1) == Replication{1, 1});
  CHECK(ReplicationFor(options, 2) == Replication{2, 1});
  CHECK(ReplicationFor(options, 3) == Replication{3, 2});
  CHECK(ReplicationFor(options, 9) == Replication{3, 2});
  options.replication_factor = 5;
  CHECK(ReplicationFor(options, 1) == Replication{5, 2});
  options.min_insync_replicas = 4;
  CHECK(ReplicationFor(options, 9) == Replication{5, 4});
}

TEST_CASE("every setting says why, and one that is as planned is no difference") {
  for (const auto kind : {TopicKind::kRecords, TopicKind::kLedger, TopicKind::kControl}) {
    for (const Replication& replication : {Replication{1, 1}, Replication{2, 2}, Replication{3, 2}}) {
      for (const TopicSetting& one : TopicSettings(kind, replication)) CHECK_FALSE(one.why.empty());
      CHECK(CompareTopic({kind, 4}, replication, AsPlanned(kind, replication, 4)).empty());
    }
  }
}

TEST_CASE("a missing topic is to be created") {
  const auto differences = CompareTopic({TopicKind::kRecords, 2}, {1, 1}, std::nullopt);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].remedy == Remedy::kCreate);
}

TEST_CASE("a setting that somebody changed is to be set, or to be given at all") {
  for (const TopicSetting& one : TopicSettings(TopicKind::kLedger, {3, 2})) {
    if (one.name == kKindSetting) continue;
    FoundTopic found = AsPlanned(TopicKind::kLedger, {3, 2});
    found.configuration[one.name].value = "7";
    auto differences = CompareTopic({TopicKind::kLedger, 1}, {3, 2}, found);
    REQUIRE(differences.size() == 1);
    CHECK(differences[0].what == one.name);
    CHECK(differences[0].found == "7");
    CHECK(differences[0].planned == one.value);
    CHECK(differences[0].remedy == Remedy::kSet);
    found.configuration.erase(one.name);
    differences = CompareTopic({TopicKind::kLedger, 1}, {3, 2}, found);
    REQUIRE(differences.size() == 1);
    CHECK(differences[0].remedy == Remedy::kSet);
  }
}

TEST_CASE("what would stop every write, or change what a topic means, is left to a person") {
  const FoundTopic thin = AsPlanned(TopicKind::kRecords, {1, 1});
  const auto differences = CompareTopic({TopicKind::kRecords, 4}, {3, 2}, thin);
  REQUIRE(differences.size() == 3);
  std::map<std::string, Remedy> remedies;
  for (const TopicDifference& one : differences) {
    remedies[one.what] = one.remedy;
    CHECK_FALSE(one.next.empty());
  }
  CHECK(remedies == std::map<std::string, Remedy>{{"partitions", Remedy::kByHand},
                                                  {"replicas", Remedy::kByHand},
                                                  {kMinInsyncSetting, Remedy::kByHand}});
  // With as many copies as it asks for, it may be set.
  FoundTopic two = AsPlanned(TopicKind::kRecords, {2, 1});
  const auto raised = CompareTopic({TopicKind::kRecords, 1}, {2, 2}, two);
  REQUIRE(raised.size() == 1);
  CHECK(raised[0].remedy == Remedy::kSet);
}

TEST_CASE("more copies than planned are no fault") {
  FoundTopic found = AsPlanned(TopicKind::kRecords, {1, 1});
  found.replicas = 3;
  CHECK(CompareTopic({TopicKind::kRecords, 1}, {1, 1}, found).empty());
}

TEST_CASE("nothing of a topic that is not ours is to be touched") {
  for (const char* kind : {"0", "2", ""}) {
    FoundTopic foreign = AsPlanned(TopicKind::kRecords, {1, 1});
    foreign.configuration[kKindSetting].value = kind;
    foreign.configuration["retention.ms"].value = "604800000";
    const auto differences = CompareTopic({TopicKind::kRecords, 1}, {1, 1}, foreign);
    REQUIRE(differences.size() == 1);
    CHECK(differences[0].remedy == Remedy::kByHand);
  }
}

}  // namespace
}  // namespace datong::kafka
