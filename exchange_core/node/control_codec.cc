// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/control_codec.h"

#include "exchange_core/base/frame.h"
#include "exchange_core/base/status_macros.h"

namespace datong::node {
namespace {

constexpr uint16_t kControlVersion = 1;

template <typename Message>
absl::StatusOr<Message> Decode(const char (&magic)[5], std::string_view what, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe(magic, kControlVersion, what, bytes));
  Message message;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError("a control message does not parse");
  }
  return message;
}

}  // namespace

std::string EncodeSourceEvent(const exchange::v1::SourceEvent& event) {
  return base::Frame("DTSE", kControlVersion, event.SerializeAsString());
}
absl::StatusOr<exchange::v1::SourceEvent> DecodeSourceEvent(std::string_view bytes) {
  return Decode<exchange::v1::SourceEvent>("DTSE", "source event", bytes);
}
std::string EncodeReceipt(const exchange::v1::Receipt& receipt) {
  return base::Frame("DTRC", kControlVersion, receipt.SerializeAsString());
}
absl::StatusOr<exchange::v1::Receipt> DecodeReceipt(std::string_view bytes) {
  return Decode<exchange::v1::Receipt>("DTRC", "receipt", bytes);
}
std::string EncodeHolderClaim(const exchange::v1::HolderClaim& claim) {
  return base::Frame("DTHC", kControlVersion, claim.SerializeAsString());
}
absl::StatusOr<exchange::v1::HolderClaim> DecodeHolderClaim(std::string_view bytes) {
  return Decode<exchange::v1::HolderClaim>("DTHC", "claim of a holder", bytes);
}
std::string EncodeRequest(const exchange::v1::DepartmentRequest& request) {
  return base::Frame("DTRQ", kControlVersion, request.SerializeAsString());
}
absl::StatusOr<exchange::v1::DepartmentRequest> DecodeRequest(std::string_view bytes) {
  return Decode<exchange::v1::DepartmentRequest>("DTRQ", "request of a department", bytes);
}
std::string EncodeAnswer(const exchange::v1::DepartmentAnswer& answer) {
  return base::Frame("DTAN", kControlVersion, answer.SerializeAsString());
}
absl::StatusOr<exchange::v1::DepartmentAnswer> DecodeAnswer(std::string_view bytes) {
  return Decode<exchange::v1::DepartmentAnswer>("DTAN", "answer to a department", bytes);
}

}  // namespace datong::node
