// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_client.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

// A fatal error is the library's verdict on the producer, not a fault of a connection; the call that meets it says so.
bool IsTrouble(rd_kafka_event_t* event) {
  return rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR && rd_kafka_event_error_is_fatal(event) == 0 &&
         rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__FATAL;
}

// On a thread of the library. Delivery reports come here too; a transaction needs none, for a message that could not be
// delivered makes its commit fail.
void OnEvent(rd_kafka_t*, rd_kafka_event_t* event, void* opaque) {
  auto* const told = static_cast<Client::Told*>(opaque);
  if (told->on_report && rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
    while (const rd_kafka_message_t* const message = rd_kafka_event_message_next(event)) told->on_report(*message);
  }
  if (IsTrouble(event)) {
    const char* text = rd_kafka_event_error_string(event);
    const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    told->trouble.Note(error,
                       absl::StrCat(rd_kafka_err2name(error), text != nullptr ? absl::StrCat(" (", text, ")") : ""),
                       error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
  }
  rd_kafka_event_destroy(event);
}

absl::Status Set(rd_kafka_conf_t* conf, const Properties& properties) {
  char why[512];
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(absl::StrCat("Kafka property ", name, ": ", why));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Make(Role role, const KafkaOptions& options, const Properties& defaults,
                                                     const Properties& fixed, OnReport on_report) {
  std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  RETURN_IF_ERROR(Set(conf.get(), {{"client.id", "datong"},
                                   {"socket.nagle.disable", "true"},
                                   {"retry.backoff.ms", "20"},
                                   {"reconnect.backoff.ms", "50"},
                                   {"reconnect.backoff.max.ms", "1000"}}));
  RETURN_IF_ERROR(Set(conf.get(), defaults));
  RETURN_IF_ERROR(Set(conf.get(), options.properties));
  RETURN_IF_ERROR(
      Set(conf.get(), {{"bootstrap.servers", options.bootstrap_servers}, {"allow.auto.create.topics", "false"}}));
  RETURN_IF_ERROR(Set(conf.get(), fixed));

  auto told = std::make_unique<Told>();
  told->on_report = std::move(on_report);
  rd_kafka_conf_set_opaque(conf.get(), told.get());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // what matters comes as an error
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR | (role == Role::kProducer ? RD_KAFKA_EVENT_DR : 0));
  rd_kafka_conf_set_background_event_cb(conf.get(), OnEvent);

  char why[512];
  rd_kafka_t* const handle =
      rd_kafka_new(role == Role::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf.get(), why, sizeof why);
  if (handle == nullptr) return absl::InvalidArgumentError(absl::StrCat("Kafka client: ", why));
  (void)conf.release();  // the client's now
  rd_kafka_queue_t* const events = rd_kafka_queue_get_main(handle);
  rd_kafka_queue_t* const background = rd_kafka_queue_get_background(handle);
  rd_kafka_queue_forward(events, background);
  rd_kafka_queue_destroy(background);
  rd_kafka_queue_destroy(events);
  return std::unique_ptr<Client>(new Client(handle, std::move(told)));
}

Client::~Client() { rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

}  // namespace datong::kafka
