// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/delivery_reader.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// One subscription's way out: first what was sent again to it alone, then its view's stream from where each lane began
// it. `state` must outlive the session.
absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenDeliverySession(ExchangeState& state,
                                                                             const std::string& subscription);

// How each lane that serves the subscription's resource began it, as this process knows. Empty while some lane has not
// taken it yet.
LaneStarts LaneStartsOf(ExchangeState& state, uint32_t subscription_id, const catalog::Resource& resource);

// PermissionDenied says why nothing of the subscription may be handed out at this moment.
absl::Status MayHandOut(ExchangeState& state, const catalog::CatalogTable& catalog, uint32_t subscription_id);

// What a subscription's sink is told of it.
struct SubscriptionFacts {
  uint32_t id = 0, resource_id = 0, view_id = 0;
  std::string stream_topic;
  record::RecordSchema schema;  // of the resource, cut down to the items the view lets through
  std::string identity;         // client::DeliverySession::identity()
};
// NotFound, FailedPrecondition: there is no such subscription, or it has ended.
absl::StatusOr<SubscriptionFacts> FactsOf(const catalog::CatalogTable& catalog, const std::string& subscription);

}  // namespace datong::node
