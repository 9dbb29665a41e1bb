// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/agency/remote_exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/agency/remote_delivery_session.h"
#include "exchange_core/agency/remote_publish_session.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/schema_message.h"

namespace datong::agency {

absl::StatusOr<client::ResourceInfo> RemoteExchange::DescribeResource(const std::string& resource) {
  exchange::v1::DepartmentRequest request;
  request.mutable_describe_resource()->set_resource(resource);
  ASSIGN_OR_RETURN(const auto answer, line_.Ask(std::move(request)));
  RETURN_IF_ERROR(StatusOf(answer));
  const auto& told = answer.resource();
  client::ResourceInfo info;
  ASSIGN_OR_RETURN(info.schema, node::FromMessage(told.schema()));
  info.domain_key.id = told.digest_key_id();
  info.partitions = told.partitions();
  info.provider_id = told.provider_id();
  if (told.digest_key().size() != info.domain_key.secret.size() || info.partitions == 0) {
    return absl::DataLossError(absl::StrCat("the exchange described resource \"", resource, "\" incompletely"));
  }
  std::copy(told.digest_key().begin(), told.digest_key().end(), info.domain_key.secret.begin());
  return info;
}

absl::StatusOr<std::unique_ptr<client::PublishSession>> RemoteExchange::OpenPublisher(const std::string& source,
                                                                                      const std::string& resource) {
  if (source != line_.options().connector) {
    return absl::InvalidArgumentError(absl::StrCat("source \"", source, "\" is not the one this connector is"));
  }
  return OpenRemotePublishSession(line_, resource);
}

absl::StatusOr<std::unique_ptr<client::DeliverySession>> RemoteExchange::OpenSubscription(
    const std::string& subscription) {
  return OpenRemoteDeliverySession(line_, subscription);
}

}  // namespace datong::agency
