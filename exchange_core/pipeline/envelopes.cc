// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/envelopes.h"

#include "exchange_core/base/frame.h"
#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {
namespace {

constexpr uint16_t kEnvelopeVersion = 1;

template <typename Message>
absl::StatusOr<Message> Decode(const char (&magic)[5], std::string_view what, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe(magic, kEnvelopeVersion, what, bytes));
  Message message;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError("an envelope does not parse");
  }
  return message;
}

}  // namespace

std::string EncodeEnvelope(const ledger::v1::DeliveryEnvelope& envelope) {
  return base::Frame("DTDE", kEnvelopeVersion, envelope.SerializeAsString());
}

std::string EncodeEnvelope(const ledger::v1::QuarantineEnvelope& envelope) {
  return base::Frame("DTQE", kEnvelopeVersion, envelope.SerializeAsString());
}

absl::StatusOr<ledger::v1::DeliveryEnvelope> DecodeDeliveryEnvelope(std::string_view bytes) {
  return Decode<ledger::v1::DeliveryEnvelope>("DTDE", "delivery envelope", bytes);
}

absl::StatusOr<ledger::v1::QuarantineEnvelope> DecodeQuarantineEnvelope(std::string_view bytes) {
  return Decode<ledger::v1::QuarantineEnvelope>("DTQE", "quarantine envelope", bytes);
}

}  // namespace datong::pipeline
