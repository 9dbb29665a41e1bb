// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/rejected_row.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/base/utf8.h"
#include "exchange_core/record/printable.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::record {
namespace {

constexpr char kMagic[5] = "DTRR";
constexpr uint16_t kVersion = 1;

// Field numbers of proto/datong/exchange/v1/rejected_row.proto. Written and walked by hand: protobuf's parser prints to
// standard error about text that is not UTF-8, and these bytes come from anyone.
constexpr uint32_t kReason = 1, kDetail = 2, kRaw = 3, kCut = 4, kRawSha256 = 5;

absl::Status Damaged(const char* detail) {
  return absl::DataLossError(absl::StrCat("rejected row is damaged: ", detail, "; fetch the batch again"));
}

// Reason and detail are for people: whatever they quote, the stored text is valid.
std::string Readable(const std::string& text) { return base::IsValidUtf8(text) ? text : Printable(text, text.size()); }

void PutField(std::string& out, uint32_t field_number, std::string_view bytes) {
  if (bytes.empty()) return;  // proto3: the default is not written
  base::PutVarint(out, field_number << 3 | static_cast<uint32_t>(WireWalker::WireType::kBytes));
  base::PutBytes(out, bytes);
}

}  // namespace

std::string EncodeRejectedRow(const RejectedRow& row) {
  std::string message;
  PutField(message, kReason, Readable(row.reason));
  PutField(message, kDetail, Readable(row.detail));
  PutField(message, kRaw, row.raw);
  if (row.cut) {
    base::PutVarint(message, kCut << 3);
    base::PutVarint(message, 1);
  }
  PutField(message, kRawSha256, row.raw_sha256);
  return base::Frame(kMagic, kVersion, message);
}

absl::StatusOr<RejectedRow> DecodeRejectedRow(std::string_view bytes) {
  if (bytes.size() > base::kRecordBytesMax) return Damaged("it is larger than a record may be");
  ASSIGN_OR_RETURN(const std::string_view message, base::Unframe(kMagic, kVersion, "rejected row", bytes));
  RejectedRow row;
  WireWalker walk(message);
  while (walk.Next()) {
    if (walk.field_number() == kCut && walk.wire_type() == WireWalker::WireType::kVarint) row.cut = walk.number() != 0;
    if (walk.wire_type() != WireWalker::WireType::kBytes) continue;
    if (walk.field_number() == kReason) row.reason = walk.bytes();
    if (walk.field_number() == kDetail) row.detail = walk.bytes();
    if (walk.field_number() == kRaw) row.raw = walk.bytes();
    if (walk.field_number() == kRawSha256) row.raw_sha256 = walk.bytes();
  }
  if (!walk.ok()) return Damaged("its message does not parse");
  if (!base::IsValidUtf8(row.reason) || !base::IsValidUtf8(row.detail))
    return Damaged("its reason or detail is not UTF-8");
  const bool whole = row.raw_sha256.size() == sizeof(base::Sha256Digest) &&
                     (row.cut || base::AsBytes(base::Sha256(row.raw)) == row.raw_sha256);
  if (!whole) return Damaged("its bytes do not have the stated SHA-256");
  return row;
}

}  // namespace datong::record
