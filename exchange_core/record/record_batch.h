// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/digest.h"

// A record batch in memory: one header, columns over its records, one payload. The unit of everything that moves; bytes
// are drawn in docs/data_formats.md and known only to batch_codec.
namespace datong::record {

enum class Codec : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

enum class Operation : uint8_t {
  kUpsert = 1,      // as published: "this is the record now"
  kDelete = 2,      // payload: the key items, or the last content
  kUnreadable = 3,  // payload: RejectedRow (rejected_row.h); the core quarantines it
  kInsert = 4,      // as delivered: the core knows which of the two an upsert was
  kUpdate = 5,
  // As published, of a full dump: "the record is as the exchange has it". No digests, no payload; same_entry says which
  // record (docs/snapshots.md).
  kSame = 6,
};
inline constexpr auto kLastOperation = Operation::kSame;

// A source file (or other unit a source reads through) that records of the batch come from.
struct SourceFile {
  uint32_t sequence = 0;  // the exchange's number for it within its source; 0 = none
  std::string name;       // base name, UTF-8
  friend bool operator==(const SourceFile&, const SourceFile&) = default;
};

enum SnapshotMark : uint8_t { kSnapshotNone = 0, kSnapshotPart = 1, kSnapshotBegin = 2, kSnapshotEnd = 4 };

inline constexpr uint32_t kResumePositionBytesMax = 64u << 10;

struct BatchHeader {
  uint32_t resource_id = 0;
  uint32_t partition = 0;
  uint32_t schema_version = 0;
  uint32_t publisher_id = 0;  // department id; 0 = the exchange itself (repacked deliveries)
  uint32_t source_id = 0;     // the publisher's connector; 0 = none
  uint64_t publisher_epoch = 0;
  uint64_t publisher_sequence = 0;  // increasing within (publisher, source, epoch, partition)
  uint64_t snapshot_id = 0;
  uint8_t snapshot_marks = kSnapshotNone;  // bits of SnapshotMark
  Codec codec = Codec::kZstd;
  uint8_t crypto_suite = 0;  // 0 = neither encrypted nor signed; others reserved
  uint8_t digest_algorithm = base::kDigestAlgorithmSipHash24_128;
  uint8_t canonicalisation_version = 1;
  uint32_t digest_key_id = 0;
  uint32_t encryption_key_id = 0;  // reserved, 0
  std::string nonce;               // reserved, empty
  base::TimeUs created_time = 0;   // publisher's clock when the batch was packed
  std::string resume_position;     // opaque: where the source goes on after this batch
  std::vector<SourceFile> files;   // what file_index of a record points into; may be empty

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

// Columns, one element per record but where said otherwise. Equal lengths (a valid batch); `payload_end[i]` is where
// record i's bytes end in `payload`. The digests of a kSame record are zeros.
struct RecordColumns {
  std::vector<base::Digest> id;  // event: identity; entity: digest of (key, version, order) is not needed: equals key
  // Of the business key; event resources without a key: equals id. An unreadable row of an entity: its key where that
  // could be read, else equals id, which is a digest of the row's bytes.
  std::vector<base::Digest> key;
  std::vector<base::Digest> fingerprint;  // of the canonical content
  std::vector<Operation> operation;
  std::vector<int64_t> version;          // declared version item; 0 when the source's order is the version
  std::vector<base::TimeUs> event_time;  // 0 = unknown
  std::vector<uint32_t> file_index;      // into BatchHeader::files (0 when there are none)
  std::vector<uint64_t> row;             // 1-based record number within the file, the header line not counted; 0 = none
  std::vector<uint32_t> payload_end;
  // Of the kSame ones alone, in their order: the number of the entry that they speak of (index/entity_index.h).
  std::vector<uint32_t> same_entry;

  size_t size() const { return operation.size(); }
  void clear();
  void reserve(size_t records);
};

// What the columns say of one record of an entity, besides its place and what is done.
struct RecordClaim {
  base::Digest key, fingerprint;
  int64_t version = 0;
  base::TimeUs event_time = 0;
  friend bool operator==(const RecordClaim&, const RecordClaim&) = default;
};

// Claims of many records: parallel columns.
struct RecordClaims {
  std::vector<base::Digest> key, fingerprint;
  std::vector<int64_t> version;
  std::vector<base::TimeUs> event_time;

  size_t size() const { return key.size(); }
  RecordClaim at(size_t i) const { return {key[i], fingerprint[i], version[i], event_time[i]}; }
  void set(size_t i, const RecordClaim& claim);
  void push_back(const RecordClaim& claim);
  void append(const RecordClaims& from, size_t begin, size_t end);
  void copy(const RecordClaims& from, size_t begin, size_t end, size_t to);  // over what is there
  void clear();
  void resize(size_t records);
};

// A decoded or growing batch. Reused between batches without giving memory back.
struct RecordBatch {
  BatchHeader header;
  RecordColumns columns;
  std::string payload;  // records' protobuf bytes back to back, uncompressed

  size_t size() const { return columns.size(); }
  std::string_view record(size_t i) const {
    const uint32_t begin = i == 0 ? 0 : columns.payload_end[i - 1];
    return std::string_view(payload).substr(begin, columns.payload_end[i] - begin);
  }
  // The source's order of record i: file sequence in the upper 24 bits, row in the lower 40. Grows as the source goes
  // on.
  uint64_t source_order(size_t i) const;
  void clear();  // the header too
};

struct TimeRange {
  base::TimeUs min = 0;
  base::TimeUs max = 0;
};
// Earliest and latest of the known times (0 = unknown); both 0 when none is known.
TimeRange KnownTimeRange(std::span<const base::TimeUs> times);

}  // namespace datong::record
