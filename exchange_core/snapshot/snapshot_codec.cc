// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/snapshot/snapshot_codec.h"

#include <absl/strings/str_cat.h>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/status_macros.h"

namespace datong::snapshot {
namespace {

constexpr char kMarkMagic[5] = "DTSM";
constexpr char kEventMagic[5] = "DTSN";
constexpr uint16_t kVersion = 1;

template <typename Message>
absl::StatusOr<Message> Decode(const char (&magic)[5], const char* what, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe(magic, kVersion, what, bytes));
  Message message;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError(absl::StrCat(what, " does not parse"));
  }
  return message;
}

}  // namespace

std::string EncodeMark(const ledger::v1::SnapshotMark& mark) {
  return base::Frame(kMarkMagic, kVersion, mark.SerializeAsString());
}

absl::StatusOr<ledger::v1::SnapshotMark> DecodeMark(std::string_view envelope) {
  return Decode<ledger::v1::SnapshotMark>(kMarkMagic, "a snapshot's mark", envelope);
}

std::string EncodeSnapshotEvent(const exchange::v1::SnapshotEvent& event) {
  return base::Frame(kEventMagic, kVersion, event.SerializeAsString());
}

absl::StatusOr<exchange::v1::SnapshotEvent> DecodeSnapshotEvent(std::string_view body) {
  return Decode<exchange::v1::SnapshotEvent>(kEventMagic, "a message about a snapshot", body);
}

}  // namespace datong::snapshot
