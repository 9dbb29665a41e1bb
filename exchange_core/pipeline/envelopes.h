// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "datong/ledger/v1/ledger.pb.h"

// The exchange's own words around a batch, as stored: a frame ("DTDE" delivery, "DTQE" quarantine, version 1) and the
// message.
namespace datong::pipeline {

std::string EncodeEnvelope(const ledger::v1::DeliveryEnvelope& envelope);
std::string EncodeEnvelope(const ledger::v1::QuarantineEnvelope& envelope);
absl::StatusOr<ledger::v1::DeliveryEnvelope> DecodeDeliveryEnvelope(std::string_view bytes);
absl::StatusOr<ledger::v1::QuarantineEnvelope> DecodeQuarantineEnvelope(std::string_view bytes);

}  // namespace datong::pipeline
