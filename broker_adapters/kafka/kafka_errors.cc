// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_errors.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <string>

#include "exchange_core/base/absl_view.h"

namespace datong::kafka {
namespace {

struct Meaning {
  absl::StatusCode code;
  const char* next_step;
};

Meaning MeaningOf(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {absl::StatusCode::kNotFound, ""};
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return {absl::StatusCode::kAlreadyExists, ""};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {absl::StatusCode::kInvalidArgument,
              "; raise max.message.bytes of the topic to what Datong created it with"};
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return {absl::StatusCode::kInvalidArgument, ""};
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return {absl::StatusCode::kOutOfRange, ""};
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return {absl::StatusCode::kDataLoss, "; compare the replicas of this partition"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return {absl::StatusCode::kPermissionDenied, "; this user needs an ACL for it"};
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
      return {absl::StatusCode::kFailedPrecondition, "; whoever reaches this cluster may do everything in it"};
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return {absl::StatusCode::kUnauthenticated, "; check the user and its password or certificate"};
    case RD_KAFKA_RESP_ERR__SSL:
      return {absl::StatusCode::kUnauthenticated,
              "; check ssl.ca.location, and whether the broker's certificate is valid today and for this address"};
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      return {absl::StatusCode::kUnavailable, "; look at the broker's disk and log"};
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return {absl::StatusCode::kUnavailable, "; too few brokers are up for min.insync.replicas"};
    default:
      if (IsFenced(code)) return {absl::StatusCode::kAborted, ""};
      return {absl::StatusCode::kUnavailable, "; is the Kafka cluster up and reachable?"};
  }
}

}  // namespace

bool IsRefused(int code) { return MeaningOf(code).code == absl::StatusCode::kUnauthenticated; }

bool IsFenced(int code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

absl::Status FromKafka(int code, std::string_view doing, std::string_view detail) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const Meaning meaning = MeaningOf(code);
  std::string said = rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code));
  if (!detail.empty() && detail != said) absl::StrAppend(&said, ": ", base::Absl(detail));
  return absl::Status(meaning.code, absl::StrCat(base::Absl(doing), ": ", said, meaning.next_step));
}

}  // namespace datong::kafka
