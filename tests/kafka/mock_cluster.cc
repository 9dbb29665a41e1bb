// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/mock_cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <stdexcept>

namespace datong::tests {
namespace {
constexpr int kBroker = 1;
}  // namespace

struct MockCluster::State {
  rd_kafka_t* client = nullptr;  // the cluster lives in its threads
  rd_kafka_mock_cluster_t* cluster = nullptr;
};

MockCluster::MockCluster() : state_(std::make_unique<State>()) {
  char why[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);  // it misses an address to connect to
  state_->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (state_->client == nullptr) throw std::runtime_error(why);
  state_->cluster = rd_kafka_mock_cluster_new(state_->client, kBroker);
}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(state_->cluster);
  rd_kafka_destroy(state_->client);
}

std::string MockCluster::bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(state_->cluster); }

void MockCluster::CreateTopic(const std::string& kafka_topic) {
  rd_kafka_mock_topic_create(state_->cluster, kafka_topic.c_str(), 1, 1);
}

void MockCluster::HideTopic(const std::string& kafka_topic) {
  rd_kafka_mock_topic_set_error(state_->cluster, kafka_topic.c_str(), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

void MockCluster::AnswerWith(int api, const std::vector<int>& errors) {
  std::vector<rd_kafka_resp_err_t> codes;
  for (const int error : errors) codes.push_back(static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(state_->cluster, static_cast<int16_t>(api), codes.size(), codes.data());
}

void MockCluster::AnswerLate(int api, int ms) {
  rd_kafka_mock_broker_push_request_error_rtts(state_->cluster, kBroker, static_cast<int16_t>(api), 1,
                                               RD_KAFKA_RESP_ERR_NO_ERROR, ms);
}

void MockCluster::ForgetErrors(int api) {
  rd_kafka_mock_clear_request_errors(state_->cluster, static_cast<int16_t>(api));
}

}  // namespace datong::tests
