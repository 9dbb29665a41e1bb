// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/ledger/ledger_entry.h"

#include <absl/strings/str_cat.h>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"

namespace datong::ledger {
namespace {

constexpr char kEntryMagic[5] = "DTLE";
constexpr uint16_t kEntryVersion = 1;
constexpr char kNextStep[] =
    "Compare the ledger with a copy of it, or start again from the newest checkpoint behind this entry";

}  // namespace

void AppendEntry(v1::LedgerEntry& entry, uint32_t lane, ChainHead& head, std::string& message) {
  DATONG_CHECK(entry.what_case() != v1::LedgerEntry::WHAT_NOT_SET);
  entry.set_lane(lane);
  entry.set_sequence(head.sequence + 1);
  entry.set_previous_hash(head.hash.data(), head.hash.size());
  const std::string framed = base::Frame(kEntryMagic, kEntryVersion, entry.SerializeAsString());
  base::PutBytes(message, framed);
  head.sequence += 1;
  head.hash = base::Sha256(framed);
}

LedgerMessageReader::LedgerMessageReader(std::string_view message, uint32_t lane, ChainHead head)
    : rest_(message), lane_(lane), head_(head) {}

absl::StatusOr<bool> LedgerMessageReader::Next(v1::LedgerEntry& entry) {
  if (rest_.empty()) return false;
  const std::string where = absl::StrCat("ledger of lane ", lane_, ", entry ", head_.sequence + 1);
  const auto damaged = [&where](const auto&... what) {
    return absl::DataLossError(absl::StrCat(where, ": ", what..., ". ", kNextStep));
  };

  base::ByteReader reader(rest_);
  const std::string_view framed = reader.Bytes();
  if (!reader.ok()) return damaged("its message ends in the middle of it");
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe(kEntryMagic, kEntryVersion, where, framed));
  if (!entry.ParseFromArray(body.data(), static_cast<int>(body.size()))) return damaged("its bytes are damaged");

  if (entry.lane() != lane_) return damaged("it says that it belongs to lane ", entry.lane());
  if (entry.sequence() != head_.sequence + 1) return damaged("it has number ", entry.sequence(), " instead");
  if (entry.previous_hash() != base::AsBytes(head_.hash)) {
    return damaged("it does not continue entry ", head_.sequence, ", whose SHA-256 is ", base::ToHex(head_.hash));
  }
  if (entry.what_case() == v1::LedgerEntry::WHAT_NOT_SET) {
    return absl::UnimplementedError(
        absl::StrCat(where, ": a kind of entry this program does not know. Use the program version that wrote it"));
  }
  rest_ = reader.rest();
  head_.sequence += 1;
  head_.hash = base::Sha256(framed);
  return true;
}

}  // namespace datong::ledger
