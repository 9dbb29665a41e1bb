// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// The fixed bytes of a record batch, format version 1, shared by encoder and decoder only. Drawn in
// docs/data_formats.md.
namespace datong::record {

inline constexpr char kBatchMagic[5] = "DTRB";
inline constexpr uint16_t kBatchFormatVersion = 1;
inline constexpr size_t kBatchAlignment =
    16;  // the columns start at a multiple of this, counted from the batch's start
inline constexpr size_t kSealDigestBytes = 32;
inline constexpr size_t kSealBytes = kSealDigestBytes + sizeof(uint16_t);  // digest, signature length

// Columns that a batch need not spell out.
enum ColumnFlag : uint8_t {
  kKeyEqualsId = 1,
  kFileIndexAllZero = 2,
  kVersionAllZero = 4,
  kEventTimeAllZero = 8,
  kFingerprintAllZero = 16,  // projected deliveries
  // Some records are kSame: operations come first, then the digests of the others, then the entries of these.
  kHasSame = 32,
  kColumnFlagsKnown = 63,
};

inline constexpr uint8_t kSnapshotMarksKnown = 7;
inline constexpr uint64_t kRowMax = (uint64_t{1} << 40) - 1;  // both so that source_order() is exact
inline constexpr uint32_t kFileSequenceMax = (uint32_t{1} << 24) - 1;

// Little-endian like everything stored (base/little_endian.h asserts the machine is); no padding anywhere.
struct FixedHeader {
  char magic[4];
  uint16_t format_version;
  uint16_t reserved;
  uint32_t total_bytes;
  uint32_t header_bytes;
  uint32_t columns_bytes;
  uint32_t stored_payload_bytes;
  uint32_t payload_bytes;
  uint32_t record_count;
  uint32_t resource_id;
  uint32_t partition;
  uint32_t schema_version;
  uint32_t publisher_id;
  uint32_t source_id;
  uint32_t digest_key_id;
  uint32_t encryption_key_id;
  uint8_t codec;
  uint8_t crypto_suite;
  uint8_t digest_algorithm;
  uint8_t canonicalisation_version;
  uint64_t publisher_epoch;
  uint64_t publisher_sequence;
  uint64_t snapshot_id;
  int64_t created_time;
  int64_t event_time_min;
  int64_t event_time_max;
  uint8_t snapshot_marks;
  uint8_t column_flags;
  uint16_t nonce_bytes;
  uint32_t extension_bytes;
  uint32_t resume_position_bytes;
  uint32_t file_count;
};
static_assert(sizeof(FixedHeader) == 128);
static_assert(offsetof(FixedHeader, codec) == 60);
static_assert(offsetof(FixedHeader, snapshot_marks) == 112);

}  // namespace datong::record
