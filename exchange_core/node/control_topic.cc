// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/control_topic.h"

#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/node/control_codec.h"

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

absl::Status ReplayCatalog(broker::Broker& broker, catalog::CatalogTable& table) {
  return ReplayControlTopic(broker, kCatalogTopic,
                            [&](std::string_view body) { return catalog::ApplyFramed(body, table); });
}

absl::Status ReplaySources(broker::Broker& broker, SourceTable& table) {
  return ReplayControlTopic(broker, kSourcesTopic, [&](std::string_view body) -> absl::Status {
    ASSIGN_OR_RETURN(const auto event, DecodeSourceEvent(body));
    return table.Apply(event);
  });
}

}  // namespace datong::node
