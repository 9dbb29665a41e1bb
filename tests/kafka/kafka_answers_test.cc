// SPDX-License-Identifier: Apache-2.0
// What the engine makes of each answer that a cluster can give to a commit: what passes is asked again and seen by
// nobody, what does not is told by its code, and afterwards the same identity commits again. And that a reader can be
// let go of whatever became of its topic.
#include <librdkafka/rdkafka.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "broker_adapters/kafka/kafka_broker.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/kafka/records_topic.h"

namespace datong::kafka {
namespace {

enum Api {
  kProduce = 0,
  kFindCoordinator = 10,
  kAddPartitionsToTxn = 24,
  kAddOffsetsToTxn = 25,
  kEndTxn = 26,
  kTxnOffsetCommit = 28
};

struct Answer {
  Api to;
  std::vector<int> errors;
  absl::StatusCode told;
};

const Answer kAnswers[] = {
    // Leaders and coordinators move, load, and are busy with the transaction before.
    {kProduce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION}, absl::StatusCode::kOk},
    {kProduce, {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE}, absl::StatusCode::kOk},
    {kProduce, {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS}, absl::StatusCode::kOk},
    {kProduce, {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR}, absl::StatusCode::kOk},
    {kAddPartitionsToTxn, {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS}, absl::StatusCode::kOk},
    {kAddPartitionsToTxn, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE}, absl::StatusCode::kOk},
    {kAddOffsetsToTxn, {RD_KAFKA_RESP_ERR_NOT_COORDINATOR}, absl::StatusCode::kOk},
    {kTxnOffsetCommit, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS}, absl::StatusCode::kOk},
    {kEndTxn, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE}, absl::StatusCode::kOk},
    {kEndTxn, {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_COORDINATOR}, absl::StatusCode::kOk},
    // What only a person can repair.
    {kProduce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED}, absl::StatusCode::kPermissionDenied},
    {kProduce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE}, absl::StatusCode::kInvalidArgument},
    {kAddOffsetsToTxn, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED}, absl::StatusCode::kPermissionDenied},
    {kTxnOffsetCommit, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED}, absl::StatusCode::kPermissionDenied},
    // Another holder.
    {kAddPartitionsToTxn, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED}, absl::StatusCode::kAborted},
    {kAddOffsetsToTxn, {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH}, absl::StatusCode::kAborted},
    {kEndTxn, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED}, absl::StatusCode::kAborted},
    {kEndTxn, {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH}, absl::StatusCode::kAborted},
    // Nobody knows.
    {kEndTxn, {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE}, absl::StatusCode::kUnavailable},
    {kEndTxn, {RD_KAFKA_RESP_ERR_UNKNOWN}, absl::StatusCode::kUnavailable},
    {kEndTxn, {RD_KAFKA_RESP_ERR__TRANSPORT}, absl::StatusCode::kUnavailable},  // the mock breaks the connection
    {kProduce, {RD_KAFKA_RESP_ERR__TRANSPORT}, absl::StatusCode::kUnavailable},
};

KafkaOptions On(const tests::MockCluster& cluster) {
  KafkaOptions options;
  options.bootstrap_servers = cluster.bootstrap_servers();
  options.exchange = "city";
  return options;
}

TEST_CASE("each answer to a commit has its meaning") {
  tests::MockCluster cluster;
  cluster.CreateTopic("city.records");
  const auto broker = Open(On(cluster));
  std::unique_ptr<broker::Writer> writer;
  const auto reopen = [&] {
    writer.reset();
    auto opened = broker->OpenWriter("lane.0");
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    writer = *std::move(opened);
  };
  reopen();
  for (const Answer& answer : kAnswers) {
    const absl::Status before = Commit(*writer, "before", 1);
    INFO(before.ToString());
    REQUIRE(before.ok());
    cluster.AnswerWith(answer.to, answer.errors);
    const absl::Status told = Commit(*writer, "struck", 2);
    cluster.ForgetErrors(answer.to);
    INFO("request " << answer.to << ", answer " << rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(answer.errors[0]))
                    << ": " << told.ToString());
    CHECK(told.code() == answer.told);
    if (Says(told, "whether it landed") || absl::IsAborted(told)) CHECK_FALSE(writer->Begin().ok());
    if (!told.ok()) reopen();
  }
}

TEST_CASE("a commit that is answered too late is in doubt") {
  tests::MockCluster cluster;
  cluster.CreateTopic("city.records");
  KafkaOptions options = On(cluster);
  options.transaction_timeout = 1'000'000;
  const auto broker = Open(options);
  auto writer = broker->OpenWriter("lane.0").value();
  cluster.AnswerLate(kEndTxn, 20'000);
  const absl::Status late = Commit(*writer, "late");
  INFO(late.ToString());
  CHECK(absl::IsUnavailable(late));
  CHECK(Says(late, "whether it landed"));
  CHECK_FALSE(writer->Begin().ok());
}

// Kafka makes its topic for positions when the first group is asked about, which takes a moment.
TEST_CASE("positions are sent when somebody keeps them, however long that takes") {
  tests::MockCluster cluster;
  cluster.CreateTopic("city.records");
  const auto broker = Open(On(cluster));
  auto writer = broker->OpenWriter("lane.0").value();
  REQUIRE(Commit(*writer, "no position").ok());
  cluster.AnswerWith(kFindCoordinator, std::vector<int>(6, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE));
  const absl::Status first = Commit(*writer, "the first of its group", 1);
  INFO(first.ToString());
  CHECK(first.ok());
  cluster.ForgetErrors(kFindCoordinator);
  CHECK(Commit(*writer, "the second", 2).ok());
}

// The library's call would wait for as long as that.
TEST_CASE("nobody keeps the positions any longer: a commit ends in its time, and the writer can be opened again") {
  tests::MockCluster cluster;
  cluster.CreateTopic("city.records");
  KafkaOptions options = On(cluster);
  options.transaction_timeout = 1'000'000;
  const auto broker = Open(options);
  auto writer = broker->OpenWriter("lane.0").value();
  cluster.AnswerWith(kFindCoordinator, std::vector<int>(100'000, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE));
  const absl::Status told = Commit(*writer, "nobody takes its position", 1);
  INFO(told.ToString());
  CHECK(absl::IsUnavailable(told));
  CHECK_FALSE(writer->Begin().ok());
  cluster.ForgetErrors(kFindCoordinator);
  writer.reset();
  writer = broker->OpenWriter("lane.0").value();
  CHECK(Commit(*writer, "somebody does again", 1).ok());
}

// Without what FetchPool does for it, this test never ends.
TEST_CASE("a client whose topic was deleted while it had something unread of it can be ended") {
  tests::MockCluster cluster;
  cluster.CreateTopic("city.records");
  KafkaOptions options = On(cluster);
  options.properties = {{"topic.metadata.refresh.interval.ms", "50"}};
  const auto broker = Open(options);
  auto writer = broker->OpenWriter("lane.0").value();
  for (int i = 0; i < 3; ++i) REQUIRE(Commit(*writer, "one of three").ok());
  auto reader = broker->OpenReader({"records", 0}, 0).value();
  const auto begun = reader->Poll({.messages_max = 1});
  INFO(begun.status().ToString());
  REQUIRE(begun.ok());
  CHECK(begun->size() == 1);
  cluster.HideTopic("city.records");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // until every client has heard of it
}

}  // namespace
}  // namespace datong::kafka
