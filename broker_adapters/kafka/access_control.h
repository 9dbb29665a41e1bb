// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"

namespace datong::kafka {

class Client;

// One rule of the cluster's authorizer (an ACL binding), in the cluster's own names.
struct AccessBinding {
  enum class Kind { kTopic, kGroup, kOther };  // kOther: what this library cannot name, transactional ids among them
  enum class Pattern { kLiteral, kPrefixed };
  enum class Operation { kRead, kWrite, kOther };

  std::string principal;  // "User:tax"
  Kind kind = Kind::kTopic;
  Pattern pattern = Pattern::kLiteral;
  std::string name;
  Operation operation = Operation::kRead;
  std::string host = "*";
  bool allow = true;

  friend auto operator<=>(const AccessBinding&, const AccessBinding&) = default;
};

// The rules of a cluster's authorizer. Thread-safe.
class AccessControl {
 public:
  // Errors as OpenKafkaBroker; `options.exchange` is not used.
  static absl::StatusOr<std::unique_ptr<AccessControl>> Open(const KafkaOptions& options);
  ~AccessControl();

  // All there are. FailedPrecondition: the cluster has no authorizer. PermissionDenied: who we are may not see them.
  absl::StatusOr<std::vector<AccessBinding>> List();
  // Each as if alone; the first error that the cluster told, after the others were done. Neither kOther.
  absl::Status Create(const std::vector<AccessBinding>& bindings);
  absl::Status Delete(const std::vector<AccessBinding>& bindings);  // what is not there is OK

 private:
  AccessControl(std::unique_ptr<Client> client, base::TimeUs request_timeout);
  const std::unique_ptr<Client> client_;
  const base::TimeUs request_timeout_;
};

}  // namespace datong::kafka
