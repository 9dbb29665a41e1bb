// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "datong/exchange/v1/department_request.pb.h"
#include "datong/exchange/v1/holder_claim.pb.h"
#include "datong/exchange/v1/source_journal.pb.h"

// Stored form of the control topics' messages: a frame ("DTSE" source event, "DTRC" receipt, "DTHC" holder's claim,
// "DTRQ" department's request, "DTAN" answer to it; version 1) and the message.
namespace datong::node {

std::string EncodeSourceEvent(const exchange::v1::SourceEvent& event);
absl::StatusOr<exchange::v1::SourceEvent> DecodeSourceEvent(std::string_view bytes);
std::string EncodeReceipt(const exchange::v1::Receipt& receipt);
absl::StatusOr<exchange::v1::Receipt> DecodeReceipt(std::string_view bytes);
std::string EncodeHolderClaim(const exchange::v1::HolderClaim& claim);
absl::StatusOr<exchange::v1::HolderClaim> DecodeHolderClaim(std::string_view bytes);
std::string EncodeRequest(const exchange::v1::DepartmentRequest& request);
absl::StatusOr<exchange::v1::DepartmentRequest> DecodeRequest(std::string_view bytes);
std::string EncodeAnswer(const exchange::v1::DepartmentAnswer& answer);
absl::StatusOr<exchange::v1::DepartmentAnswer> DecodeAnswer(std::string_view bytes);

}  // namespace datong::node
