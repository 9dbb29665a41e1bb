// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/control_topic.h"

#include "exchange_core/base/status_macros.h"

namespace datong::node {

absl::Status ReplayControlTopic(broker::Broker& broker, const std::string& topic,
                                const std::function<absl::Status(std::string_view body)>& apply) {
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker.Bounds({topic, 0}));
  ASSIGN_OR_RETURN(const auto reader, broker.OpenReader({topic, 0}, bounds.begin));
  while (true) {
    ASSIGN_OR_RETURN(const auto messages, reader->Poll({}));
    if (messages.empty()) return absl::OkStatus();
    for (const broker::Message& message : messages) RETURN_IF_ERROR(apply(message.body.bytes()));
  }
}

}  // namespace datong::node
