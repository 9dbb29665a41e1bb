// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace datong::ledger::v1 {
class SnapshotMark;
}
namespace datong::exchange::v1 {
class SnapshotEvent;
}

// Stored form of what snapshots are told by: a frame ("DTSM" mark in the input, "DTSN" message of topic "snapshots",
// version 1) and the message. Errors name what was found instead.
namespace datong::snapshot {

inline constexpr char kSnapshotsTopic[] = "snapshots";  // one partition

std::string EncodeMark(const ledger::v1::SnapshotMark& mark);
absl::StatusOr<ledger::v1::SnapshotMark> DecodeMark(std::string_view envelope);
std::string EncodeSnapshotEvent(const exchange::v1::SnapshotEvent& event);
absl::StatusOr<exchange::v1::SnapshotEvent> DecodeSnapshotEvent(std::string_view body);

}  // namespace datong::snapshot
