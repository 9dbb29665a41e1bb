// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/access_control.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <utility>

#include "broker_adapters/kafka/admin_request.h"
#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

using Binding = CHandle<rd_kafka_AclBinding_t, rd_kafka_AclBinding_destroy>;

rd_kafka_ResourceType_t TypeOf(AccessBinding::Kind kind) {
  DATONG_CHECK(kind != AccessBinding::Kind::kOther);
  return kind == AccessBinding::Kind::kTopic ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP;
}

rd_kafka_AclOperation_t OperationOf(AccessBinding::Operation operation) {
  DATONG_CHECK(operation != AccessBinding::Operation::kOther);
  return operation == AccessBinding::Operation::kRead ? RD_KAFKA_ACL_OPERATION_READ : RD_KAFKA_ACL_OPERATION_WRITE;
}

// `make`: rd_kafka_AclBinding_new or its twin for filters.
template <typename Make>
absl::StatusOr<Binding> ToLibrary(const AccessBinding& from, Make make) {
  char why[256] = "";
  Binding binding(make(TypeOf(from.kind), from.name.c_str(),
                       from.pattern == AccessBinding::Pattern::kPrefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                                                                         : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                       from.principal.c_str(), from.host.c_str(), OperationOf(from.operation),
                       from.allow ? RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW : RD_KAFKA_ACL_PERMISSION_TYPE_DENY, why,
                       sizeof why));
  if (binding == nullptr) return absl::InvalidArgumentError(absl::StrCat("rule for ", from.principal, ": ", why));
  return binding;
}

template <typename Make>
absl::StatusOr<std::vector<Binding>> AllToLibrary(const std::vector<AccessBinding>& from, Make make) {
  std::vector<Binding> all;
  for (const AccessBinding& one : from) {
    ASSIGN_OR_RETURN(Binding binding, ToLibrary(one, make));
    all.push_back(std::move(binding));
  }
  return all;
}

std::vector<rd_kafka_AclBinding_t*> Pointers(const std::vector<Binding>& all) {
  std::vector<rd_kafka_AclBinding_t*> pointers;
  for (const Binding& one : all) pointers.push_back(one.get());
  return pointers;
}

AccessBinding FromLibrary(const rd_kafka_AclBinding_t& from) {
  AccessBinding to;
  to.principal = rd_kafka_AclBinding_principal(&from);
  to.name = rd_kafka_AclBinding_name(&from);
  to.host = rd_kafka_AclBinding_host(&from);
  to.allow = rd_kafka_AclBinding_permission_type(&from) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
  if (rd_kafka_AclBinding_resource_pattern_type(&from) == RD_KAFKA_RESOURCE_PATTERN_PREFIXED) {
    to.pattern = AccessBinding::Pattern::kPrefixed;
  }
  const auto type = rd_kafka_AclBinding_restype(&from);
  to.kind = type == RD_KAFKA_RESOURCE_TOPIC   ? AccessBinding::Kind::kTopic
            : type == RD_KAFKA_RESOURCE_GROUP ? AccessBinding::Kind::kGroup
                                              : AccessBinding::Kind::kOther;
  const auto operation = rd_kafka_AclBinding_operation(&from);
  to.operation = operation == RD_KAFKA_ACL_OPERATION_READ    ? AccessBinding::Operation::kRead
                 : operation == RD_KAFKA_ACL_OPERATION_WRITE ? AccessBinding::Operation::kWrite
                                                             : AccessBinding::Operation::kOther;
  return to;
}

absl::Status FromError(const rd_kafka_error_t* error, std::string_view doing) {
  if (error == nullptr) return absl::OkStatus();
  return FromKafka(rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
}

}  // namespace

AccessControl::AccessControl(std::unique_ptr<Client> client, base::TimeUs request_timeout)
    : client_(std::move(client)), request_timeout_(request_timeout) {}

AccessControl::~AccessControl() = default;

absl::StatusOr<std::unique_ptr<AccessControl>> AccessControl::Open(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::Make(Client::Role::kProducer, options, {}, {}));
  return std::unique_ptr<AccessControl>(new AccessControl(std::move(client), options.request_timeout));
}

absl::StatusOr<std::vector<AccessBinding>> AccessControl::List() {
  char why[256];
  const Binding all(rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY,
                                                  nullptr, nullptr, RD_KAFKA_ACL_OPERATION_ANY,
                                                  RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof why));
  DATONG_CHECK(all != nullptr);
  AdminRequest request(*client_, request_timeout_);
  rd_kafka_DescribeAcls(client_->handle(), all.get(), request.options(), request.queue());
  constexpr char kDoing[] = "asking the cluster for its access rules";
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(kDoing));
  size_t count = 0;
  const auto* result = rd_kafka_event_DescribeAcls_result(answer.get());
  const rd_kafka_AclBinding_t** bindings = rd_kafka_DescribeAcls_result_acls(result, &count);
  std::vector<AccessBinding> found;
  for (size_t i = 0; i < count; ++i) found.push_back(FromLibrary(*bindings[i]));
  return found;
}

absl::Status AccessControl::Create(const std::vector<AccessBinding>& bindings) {
  if (bindings.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Binding> wanted, AllToLibrary(bindings, rd_kafka_AclBinding_new));
  std::vector<rd_kafka_AclBinding_t*> pointers = Pointers(wanted);
  AdminRequest request(*client_, request_timeout_);
  rd_kafka_CreateAcls(client_->handle(), pointers.data(), pointers.size(), request.options(), request.queue());
  constexpr char kDoing[] = "giving access rules to the cluster";
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(kDoing));
  size_t count = 0;
  const auto* result = rd_kafka_event_CreateAcls_result(answer.get());
  const rd_kafka_acl_result_t** results = rd_kafka_CreateAcls_result_acls(result, &count);
  for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(FromError(rd_kafka_acl_result_error(results[i]), kDoing));
  return absl::OkStatus();
}

absl::Status AccessControl::Delete(const std::vector<AccessBinding>& bindings) {
  if (bindings.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Binding> unwanted, AllToLibrary(bindings, rd_kafka_AclBindingFilter_new));
  std::vector<rd_kafka_AclBinding_t*> pointers = Pointers(unwanted);
  AdminRequest request(*client_, request_timeout_);
  rd_kafka_DeleteAcls(client_->handle(), pointers.data(), pointers.size(), request.options(), request.queue());
  constexpr char kDoing[] = "taking access rules from the cluster";
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(kDoing));
  size_t count = 0;
  const auto* result = rd_kafka_event_DeleteAcls_result(answer.get());
  const rd_kafka_DeleteAcls_result_response_t** responses = rd_kafka_DeleteAcls_result_responses(result, &count);
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(FromError(rd_kafka_DeleteAcls_result_response_error(responses[i]), kDoing));
  }
  return absl::OkStatus();
}

}  // namespace datong::kafka
