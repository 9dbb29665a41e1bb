// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "exchange_core/agency/request_line.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::agency {

// An exchange on topics that a department reaches with rights of its own, as client/exchange_client.h promises. Where
// it differs:
//  - Publish(): batches are durable one by one, and before the position is. Repeated after a failure they may stand in
//    the topic twice; the exchange recognises that.
//  - WhichAreHeld(): none.
//  - PermissionDenied, of every call: the department may not (any longer). It may be given back: try again later.
//  - A source's name and a sink's subscription are a connector of kind "agency" in the catalog, named as the options
//  say.
class RemoteExchange final : public client::ExchangeClient {
 public:
  // What `options` points to outlives it; it outlives its sessions.
  explicit RemoteExchange(AgencyOptions options) : line_(std::move(options)) {}

  absl::StatusOr<client::ResourceInfo> DescribeResource(const std::string& resource) override;
  absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenPublisher(const std::string& source,
                                                                        const std::string& resource) override;
  absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenSubscription(const std::string& subscription) override;

 private:
  RequestLine line_;
};

}  // namespace datong::agency
