// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/foreign_producer.h"

#include <librdkafka/rdkafka.h>

#include <stdexcept>

namespace datong::tests {
namespace {

constexpr int kWaitMs = 30'000;

void Expect(rd_kafka_error_t* error) {
  if (error == nullptr) return;
  const std::string why = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(why);
}

}  // namespace

struct ForeignProducer::State {
  rd_kafka_t* handle = nullptr;
};

ForeignProducer::ForeignProducer(const std::string& bootstrap_servers, const std::string& transactional_id)
    : state_(std::make_unique<State>()) {
  char why[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers.c_str(), why, sizeof why);
  if (!transactional_id.empty()) {
    rd_kafka_conf_set(conf, "transactional.id", transactional_id.c_str(), why, sizeof why);
  }
  state_->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (state_->handle == nullptr) throw std::runtime_error(why);
  if (transactional_id.empty()) return;
  Expect(rd_kafka_init_transactions(state_->handle, kWaitMs));
  Expect(rd_kafka_begin_transaction(state_->handle));
}

ForeignProducer::~ForeignProducer() { rd_kafka_destroy(state_->handle); }

void ForeignProducer::Send(const std::string& kafka_topic, const std::string& value,
                           const std::string& envelope_header) {
  const auto code = rd_kafka_producev(
      state_->handle, RD_KAFKA_V_TOPIC(kafka_topic.c_str()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_HEADER("datong.envelope", envelope_header.data(), static_cast<ssize_t>(envelope_header.size())),
      RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || rd_kafka_flush(state_->handle, kWaitMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("a foreign message could not be sent");
  }
}

}  // namespace datong::tests
