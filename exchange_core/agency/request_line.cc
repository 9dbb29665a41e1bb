// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/agency/request_line.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <vector>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"

namespace datong::agency {
namespace {

constexpr base::TimeUs kPatienceWhileStopping = 3'000'000;

// What can be asked for again is, whatever it is: answers that were dropped meanwhile, a topic that is not there yet.
absl::Status Retryable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kFailedPrecondition:
      return status;
    default:
      return absl::UnavailableError(status.message());
  }
}

}  // namespace

absl::Status WithNextStep(const absl::Status& status) {
  if (!absl::IsPermissionDenied(status)) return status;
  return absl::PermissionDeniedError(
      absl::StrCat(status.message(), "; who operates the exchange gives rights with: datong acl apply"));
}

absl::Status StatusOf(const exchange::v1::DepartmentAnswer& answer) {
  const bool known = answer.status() >= 0 && answer.status() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return {known ? static_cast<absl::StatusCode>(answer.status()) : absl::StatusCode::kUnknown, answer.message()};
}

// The cluster shows a user the topics that it may do something with, and nobody else's.
absl::Status RequestLine::FindDepartment() {
  if (options_.department_id != 0) {
    department_id_ = options_.department_id;
    return absl::OkStatus();
  }
  std::vector<uint32_t> found;
  for (const std::string& topic : options_.broker->ListTopics()) {
    absl::string_view number(topic);
    uint32_t id = 0;
    if (absl::ConsumePrefix(&number, "requests.") && absl::SimpleAtoi(number, &id)) found.push_back(id);
  }
  if (found.size() == 1) {
    department_id_ = found.front();
    return absl::OkStatus();
  }
  if (found.empty()) {
    // Nothing is listed by a cluster that is away, either.
    const auto any = options_.broker->DescribeTopic(node::kCatalogTopic);
    if (absl::IsUnavailable(any.status()) || absl::IsUnauthenticated(any.status())) return any.status();
    return absl::PermissionDeniedError(
        "the cluster shows this user no topic requests.* of the exchange: no department has it as its kafka_user, or "
        "it "
        "was given no rights");
  }
  return absl::FailedPreconditionError(absl::StrCat("this user may ask as ", found.size(),
                                                    " departments: a connector takes the user of one, which "
                                                    "the catalog names as its kafka_user"));
}

absl::Status RequestLine::Prepare() {
  if (department_id_ == 0) RETURN_IF_ERROR(FindDepartment());
  if (answers_ != nullptr) return absl::OkStatus();
  const broker::TopicPartition from{node::AnswersTopic(department_id_), 0};
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options_.broker->Bounds(from));
  ASSIGN_OR_RETURN(answers_, options_.broker->OpenReader(from, bounds.end));
  return absl::OkStatus();
}

absl::Status RequestLine::Send(exchange::v1::DepartmentRequest& request) {
  request.set_instance(options_.instance);
  request.set_number(++number_);
  request.set_patience_us(options_.patience_us);
  request.set_connector(options_.connector);
  std::vector<broker::Appender::Outgoing> one;
  one.push_back({{node::RequestsTopic(department_id_), 0}, node::EncodeRequest(request)});
  return options_.appender->Append(std::move(one));
}

absl::StatusOr<exchange::v1::DepartmentAnswer> RequestLine::Ask(exchange::v1::DepartmentRequest request,
                                                                uint64_t* number) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(WithNextStep(Retryable(Prepare())));
  RETURN_IF_ERROR(WithNextStep(Retryable(Send(request))));
  if (number != nullptr) *number = request.number();
  auto answer = Await(request.number());
  if (answer.ok()) return answer;
  answers_.reset();
  return WithNextStep(Retryable(answer.status()));
}

void RequestLine::Tell(exchange::v1::DepartmentRequest request) {
  const std::lock_guard lock(mutex_);
  if (department_id_ != 0) Send(request).IgnoreError();
}

absl::StatusOr<exchange::v1::DepartmentAnswer> RequestLine::Await(uint64_t number) {
  base::TimeUs until = options_.clock->Steady() + options_.patience_us;
  bool stopping = false;
  while (true) {
    ASSIGN_OR_RETURN(const auto messages, answers_->Poll({}));
    for (const broker::Message& message : messages) {
      // Others of the department are answered here as well.
      auto answer = node::DecodeAnswer(message.body.bytes());
      if (absl::IsUnimplemented(answer.status())) return answer.status();
      if (answer.ok() && answer->instance() == options_.instance && answer->number() == number) return answer;
    }
    // An answer that is on its way spares the next start a repetition.
    if (!stopping && options_.stopping && options_.stopping()) {
      stopping = true;
      until = std::min(until, options_.clock->Steady() + kPatienceWhileStopping);
    }
    if (options_.clock->Steady() >= until) {
      if (stopping) return absl::UnavailableError("the connector is being stopped");
      return absl::UnavailableError(absl::StrCat("the exchange has not answered for ", options_.patience_us / 1'000'000,
                                                 " s: no process of it leads, or its clock is wrong"));
    }
    if (messages.empty()) options_.pause();
  }
}

}  // namespace datong::agency
