// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/appender.h"
#include "exchange_core/broker/broker.h"

namespace datong::exchange::v1 {
class DepartmentRequest;
class DepartmentAnswer;
}  // namespace datong::exchange::v1

namespace datong::agency {

struct AgencyOptions {
  broker::Broker* broker = nullptr;
  broker::Appender* appender = nullptr;
  base::Clock* clock = nullptr;
  uint64_t instance = 0;                  // random, not 0: of this start of the program
  std::string connector;                  // its name in the catalog
  uint32_t department_id = 0;             // 0: the one whose topic of requests the cluster shows
  base::TimeUs patience_us = 15'000'000;  // how long an answer is waited for
  std::function<bool()> stopping;         // whether there is no point in waiting any longer; any thread
  std::function<void()> pause;            // between two looks for an answer
};

// Asks whoever leads the exchange, one question at a time. Thread-safe.
class RequestLine {
 public:
  explicit RequestLine(AgencyOptions options) : options_(std::move(options)) {}

  // What was answered, whatever it says. `number`: of the request, when it is wanted. Errors mean that there is no
  // answer, and what became of the request is unknown. Unavailable: nobody answered, or the cluster is away.
  // PermissionDenied: the cluster does not let us ask.
  absl::StatusOr<exchange::v1::DepartmentAnswer> Ask(exchange::v1::DepartmentRequest request,
                                                     uint64_t* number = nullptr);
  // Without waiting for anything.
  void Tell(exchange::v1::DepartmentRequest request);

  const AgencyOptions& options() const { return options_; }

 private:
  absl::Status Prepare();
  absl::Status FindDepartment();
  absl::Status Send(exchange::v1::DepartmentRequest& request);
  absl::StatusOr<exchange::v1::DepartmentAnswer> Await(uint64_t number);

  const AgencyOptions options_;
  std::mutex mutex_;  // held from a question to its answer
  uint32_t department_id_ = 0;
  uint64_t number_ = 0;
  std::unique_ptr<broker::Reader> answers_;  // null: to be opened at the end
};

// A refusal of the cluster, with whom to ask; any other status as it is.
absl::Status WithNextStep(const absl::Status& status);

// The status an answer carries.
absl::Status StatusOf(const exchange::v1::DepartmentAnswer& answer);

}  // namespace datong::agency
