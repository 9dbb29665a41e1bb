// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange_core/broker/broker.h"

// The bytes of a segment file. All integers little-endian.
//
//   file   = header, block, block, ...
//   header = "DTSG" version:u16 reserved:u16 | kind:u32 number:u32 checksum:u64                     (24 bytes)
//   block  = "DTSB" length:u32 sequence:u64 flags:u32 reserved:u32 checksum:u64 | `length` bytes     (32 bytes +
//   length)
//
// `sequence` is the commit that wrote the block; flag 1 says that commit was to be synced. The checksum is XXH3-64 of
// the bytes, seeded with XXH3-64 of the block header before it, so a flipped bit in either is found.
namespace datong::embedded {

inline constexpr uint16_t kSegmentFormatVersion = 1;
inline constexpr size_t kSegmentHeaderBytes = 24;
inline constexpr size_t kBlockHeaderBytes = 32;

// Where a block is, and enough to know it again. What rows store to refer to payload bytes.
struct BlockLocation {
  uint32_t segment = 0;
  uint64_t offset = 0;  // of the block's header
  uint32_t length = 0;  // of its bytes
  uint64_t checksum = 0;
};

struct BlockHeader {
  uint32_t length = 0;
  uint64_t sequence = 0;
  bool synced = false;
  uint64_t checksum = 0;
};

std::string SegmentHeader(broker::TopicKind kind, uint32_t number);
// `bytes` are the first kSegmentHeaderBytes of `path`. DataLoss, or Unimplemented for another version.
absl::Status CheckSegmentHeader(std::string_view bytes, broker::TopicKind kind, uint32_t number,
                                const std::string& path);

// Appends the header of a block that will hold `bytes` to `out`; returns its checksum.
uint64_t PutBlockHeader(std::string& out, std::string_view bytes, uint64_t sequence, bool synced);
// False when `bytes` (kBlockHeaderBytes) do not start a block.
bool ParseBlockHeader(std::string_view bytes, BlockHeader& header);
uint64_t BlockChecksum(const BlockHeader& header, std::string_view bytes);

std::string_view KindName(broker::TopicKind kind);
std::string SegmentFileName(broker::TopicKind kind, uint32_t number);
// False when `name` is not the name of a segment.
bool ParseSegmentFileName(std::string_view name, broker::TopicKind& kind, uint32_t& number);

inline constexpr broker::TopicKind kTopicKinds[] = {broker::TopicKind::kRecords, broker::TopicKind::kLedger,
                                                    broker::TopicKind::kControl};

}  // namespace datong::embedded
