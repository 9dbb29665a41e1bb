// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/segment_block.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <xxhash.h>

#include <cstdio>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"

namespace datong::embedded {
namespace {

constexpr char kSegmentMagic[5] = "DTSG";
constexpr char kBlockMagic[5] = "DTSB";
constexpr uint32_t kFlagSynced = 1;
constexpr size_t kSeededBytes = kBlockHeaderBytes - sizeof(uint64_t);  // the header before its checksum

void PutSeededPart(std::string& out, const BlockHeader& header) {
  out.append(kBlockMagic, 4);
  base::PutFixed(out, header.length);
  base::PutFixed(out, header.sequence);
  base::PutFixed(out, header.synced ? kFlagSynced : uint32_t{0});
  base::PutFixed(out, uint32_t{0});
}

}  // namespace

std::string SegmentHeader(broker::TopicKind kind, uint32_t number) {
  std::string body;
  base::PutFixed(body, static_cast<uint32_t>(kind));
  base::PutFixed(body, number);
  std::string header = base::Frame(kSegmentMagic, kSegmentFormatVersion, body);
  base::PutFixed(header, static_cast<uint64_t>(XXH3_64bits(header.data(), header.size())));
  DATONG_CHECK(header.size() == kSegmentHeaderBytes);
  return header;
}

absl::Status CheckSegmentHeader(std::string_view bytes, broker::TopicKind kind, uint32_t number,
                                const std::string& path) {
  const auto body = base::Unframe(kSegmentMagic, kSegmentFormatVersion, "segment file", bytes);
  if (!body.ok()) {
    const auto code =
        absl::IsUnimplemented(body.status()) ? absl::StatusCode::kUnimplemented : absl::StatusCode::kDataLoss;
    return absl::Status(code, absl::StrCat(path, ", offset 0: ", body.status().message()));
  }
  if (bytes != SegmentHeader(kind, number)) {
    return absl::DataLossError(
        absl::StrCat(path, ", offset 0: the segment header is damaged or belongs to another file"));
  }
  return absl::OkStatus();
}

uint64_t PutBlockHeader(std::string& out, std::string_view bytes, uint64_t sequence, bool synced) {
  const BlockHeader header{static_cast<uint32_t>(bytes.size()), sequence, synced, 0};
  const uint64_t checksum = BlockChecksum(header, bytes);
  PutSeededPart(out, header);
  base::PutFixed(out, checksum);
  return checksum;
}

bool ParseBlockHeader(std::string_view bytes, BlockHeader& header) {
  base::ByteReader reader(bytes);
  if (reader.Take(4) != std::string_view(kBlockMagic, 4)) return false;
  header.length = reader.Fixed<uint32_t>();
  header.sequence = reader.Fixed<uint64_t>();
  const auto flags = reader.Fixed<uint32_t>();
  const auto reserved = reader.Fixed<uint32_t>();
  header.checksum = reader.Fixed<uint64_t>();
  header.synced = (flags & kFlagSynced) != 0;
  return reader.ok() && reserved == 0 && (flags & ~kFlagSynced) == 0;
}

uint64_t BlockChecksum(const BlockHeader& header, std::string_view bytes) {
  std::string seeded;
  PutSeededPart(seeded, header);
  DATONG_CHECK(seeded.size() == kSeededBytes);
  const uint64_t seed = XXH3_64bits(seeded.data(), seeded.size());
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string_view KindName(broker::TopicKind kind) {
  switch (kind) {
    case broker::TopicKind::kRecords:
      return "records";
    case broker::TopicKind::kLedger:
      return "ledger";
    case broker::TopicKind::kControl:
      return "control";
  }
  return "unknown";
}

std::string SegmentFileName(broker::TopicKind kind, uint32_t number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%010u", number);
  return absl::StrCat(base::Absl(KindName(kind)), "-", digits, ".seg");
}

bool ParseSegmentFileName(std::string_view name, broker::TopicKind& kind, uint32_t& number) {
  const size_t dash = name.find('-');
  const size_t dot = name.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot < dash) return false;
  if (!absl::SimpleAtoi(base::Absl(name.substr(dash + 1, dot - dash - 1)), &number)) return false;
  for (const auto candidate : kTopicKinds) {
    kind = candidate;
    if (SegmentFileName(candidate, number) == name) return true;
  }
  return false;
}

}  // namespace datong::embedded
