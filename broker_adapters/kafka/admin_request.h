// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string_view>

#include "broker_adapters/kafka/kafka_client.h"

struct rd_kafka_op_s;
struct rd_kafka_queue_s;
struct rd_kafka_AdminOptions_s;

namespace datong::kafka {

// One request of librdkafka's admin interface: where its answer comes, and how long that is waited for.
//
//   AdminRequest request(client, timeout);
//   rd_kafka_DeleteRecords(client.handle(), ..., request.options(), request.queue());
//   ASSIGN_OR_RETURN(const AdminAnswer answer, request.Answer("dropping ..."));
class AdminRequest {
 public:
  AdminRequest(Client& client, base::TimeUs timeout);
  ~AdminRequest();
  AdminRequest(const AdminRequest&) = delete;
  AdminRequest& operator=(const AdminRequest&) = delete;

  rd_kafka_AdminOptions_s* options() const { return options_; }
  rd_kafka_queue_s* queue() const { return queue_; }

  struct Destroy {
    void operator()(rd_kafka_op_s* event) const;
  };
  using Event = std::unique_ptr<rd_kafka_op_s, Destroy>;
  // Waits. An error of the whole request; errors of its parts stand in the event.
  absl::StatusOr<Event> Answer(std::string_view doing);

 private:
  Client& client_;
  const base::TimeUs timeout_;
  rd_kafka_AdminOptions_s* const options_;
  rd_kafka_queue_s* const queue_;
};

}  // namespace datong::kafka
