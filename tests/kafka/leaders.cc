// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/leaders.h"

#include <librdkafka/rdkafka.h>

#include <stdexcept>

namespace datong::tests {
namespace {
constexpr int kWaitMs = 30'000;
}  // namespace

int LeaderOf(const std::string& bootstrap_servers, const std::string& kafka_topic, int partition) {
  char why[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers.c_str(), why, sizeof why);
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (client == nullptr) throw std::runtime_error(why);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, kafka_topic.c_str(), nullptr);
  const rd_kafka_metadata_t* said = nullptr;
  int leader = -1;
  if (rd_kafka_metadata(client, 0, topic, &said, kWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (said->topic_cnt == 1 && partition < said->topics[0].partition_cnt) {
      leader = said->topics[0].partitions[partition].leader;
    }
    rd_kafka_metadata_destroy(said);
  }
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return leader;
}

}  // namespace datong::tests
