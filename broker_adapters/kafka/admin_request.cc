// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/admin_request.h"

#include <librdkafka/rdkafka.h>

#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {
constexpr int kGraceMs = 1000;  // the library answers by itself when the time is over; this is for its threads' turn
}  // namespace

AdminRequest::AdminRequest(Client& client, base::TimeUs timeout)
    : client_(client),
      timeout_(timeout),
      options_(rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_ANY)),
      queue_(rd_kafka_queue_new(client.handle())) {
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options_, static_cast<int>(timeout / 1000), why, sizeof why);
}

AdminRequest::~AdminRequest() {
  rd_kafka_queue_destroy(queue_);
  rd_kafka_AdminOptions_destroy(options_);
}

void AdminRequest::Destroy::operator()(rd_kafka_op_s* event) const { rd_kafka_event_destroy(event); }

absl::StatusOr<AdminRequest::Event> AdminRequest::Answer(std::string_view doing) {
  Event event(rd_kafka_queue_poll(queue_, static_cast<int>(timeout_ / 1000) + kGraceMs));
  if (event == nullptr) return FromKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, doing, client_.trouble().last());
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* text = rd_kafka_event_error_string(event.get());
    return FromKafka(code, doing, text != nullptr ? text : "");
  }
  return event;
}

}  // namespace datong::kafka
