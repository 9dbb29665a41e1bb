// SPDX-License-Identifier: Apache-2.0
// What a cluster says of its copies and settings becomes the warnings that an operator needs, and no others.
#include "broker_adapters/kafka/cluster_health.h"

#include <catch2/catch.hpp>

#include "broker_adapters/kafka/topic_settings.h"

namespace datong::kafka {
namespace {

using Configurations = std::map<std::string, TopicConfiguration>;

const Names kCity = Names::Of("city").value();

TopicConfiguration Planned(int min_insync) {
  TopicConfiguration configuration;
  for (const TopicSetting& one : TopicSettings(broker::TopicKind::kRecords, {3, min_insync})) {
    configuration[one.name] = {one.value, true};
  }
  return configuration;
}

// Three brokers, everything on all of them.
ClusterState Sound() {
  const PartitionCopies copies{1, {1, 2, 3}, {1, 2, 3}};
  return {{1, 2, 3},
          {{"city.pub.1", {copies, copies}},
           {"city.deliver.1", {copies}},
           {"other.pub.1", {copies}},
           {"__transaction_state", {copies}},
           {"__consumer_offsets", {copies}}}};
}
Configurations SoundSettings() { return {{"city.pub.1", Planned(2)}, {"city.deliver.1", Planned(2)}}; }

std::vector<broker::HealthWarning> Judge(const ClusterState& cluster, const Configurations& configurations) {
  auto warnings = JudgeCopies(cluster, kCity, configurations);
  const auto more = JudgeSettings(KafkaOptions(), cluster, configurations);
  warnings.insert(warnings.end(), more.begin(), more.end());
  for (const auto& one : warnings) {
    CHECK_FALSE(one.where.empty());
    CHECK_FALSE(one.what.empty());
    CHECK_FALSE(one.next.empty());
  }
  return warnings;
}

TEST_CASE("a sound cluster warns of nothing") { CHECK(Judge(Sound(), SoundSettings()).empty()); }

TEST_CASE("one broker away is told once, and is urgent when nothing can be written any longer") {
  ClusterState cluster = Sound();
  cluster.brokers = {1, 2};
  for (auto& [name, partitions] : cluster.topics) {
    for (PartitionCopies& one : partitions) one.in_sync = {1, 2};
  }
  auto warnings = Judge(cluster, SoundSettings());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "under_replicated");
  CHECK(warnings[0].where == "broker 3");
  CHECK(warnings[0].what.find("is away, with its copies of 5 partitions") == 0);
  CHECK(warnings[0].what.find("other.pub.1") == std::string::npos);
  CHECK_FALSE(warnings[0].urgent);

  cluster.topics["city.pub.1"][1].in_sync = {1};
  warnings = Judge(cluster, SoundSettings());
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].where == "broker 2");
  CHECK(warnings[0].what.find("is behind with 1 partition (city.pub.1/1)") == 0);
  CHECK(warnings[0].urgent);
  CHECK(warnings[1].urgent);
  CHECK(warnings[1].what.find("nothing can be written") != std::string::npos);
}

TEST_CASE("a partition without a leader is told apart from a coordinator without one") {
  ClusterState cluster = Sound();
  cluster.topics["city.deliver.1"][0].leader = -1;
  cluster.topics["__transaction_state"][0].leader = -1;
  cluster.topics["other.pub.1"][0].leader = -1;
  const auto warnings = Judge(cluster, SoundSettings());
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].code == "no_leader");
  CHECK(warnings[0].where == "city.deliver.1/0");
  CHECK(warnings[0].urgent);
  CHECK(warnings[1].code == "transaction_coordinator");
  CHECK(warnings[1].urgent);
}

TEST_CASE("fewer copies of Kafka's own topics than of ours are told before the one broker that has them is lost") {
  ClusterState cluster = Sound();
  cluster.topics["__transaction_state"][0] = {2, {2}, {2}};
  const auto warnings = Judge(cluster, SoundSettings());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "transaction_coordinator");
  CHECK(warnings[0].where == "__transaction_state");
  CHECK_FALSE(warnings[0].urgent);
}

TEST_CASE("fewer copies than planned are told, where there are brokers to hold them") {
  ClusterState cluster = Sound();
  cluster.topics["city.pub.1"][1] = {2, {2}, {2}};
  auto warnings = Judge(cluster, SoundSettings());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "few_copies");
  CHECK(warnings[0].where == "city.pub.1");
  cluster.brokers = {2};
  for (auto& [name, partitions] : cluster.topics) {
    for (PartitionCopies& one : partitions) one = {2, {2}, {2}};
  }
  CHECK(Judge(cluster, SoundSettings()).empty());
}

TEST_CASE("settings under which messages go by themselves are told") {
  CHECK_FALSE(AgesAway(Planned(2)));
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"retention.ms", "604800000"}, {"retention.bytes", "1"}, {"cleanup.policy", "compact,delete"}}) {
    Configurations configurations = SoundSettings();
    configurations["city.deliver.1"][name].value = value;
    CHECK(AgesAway(configurations["city.deliver.1"]));
    const auto warnings = Judge(Sound(), configurations);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].code == "retention");
    CHECK(warnings[0].where == "city.deliver.1");
  }
}

}  // namespace
}  // namespace datong::kafka
