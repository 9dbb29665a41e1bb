// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/base/utf8.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/batch_layout.h"
#include "exchange_core/record/payload_compression.h"
#include "exchange_core/record/varint_column.h"

namespace datong::record {
namespace {

absl::Status Refused(std::string detail) {
  return absl::InvalidArgumentError(absl::StrCat("record batch cannot be packed: ", detail));
}

absl::Status CheckHeader(const BatchHeader& header) {
  if (header.codec > Codec::kZstd) return Refused(absl::StrCat("unknown codec ", static_cast<int>(header.codec)));
  if (header.crypto_suite != 0 || header.encryption_key_id != 0 || !header.nonce.empty()) {
    return Refused("crypto suite, encryption key and nonce are reserved");
  }
  if (header.digest_algorithm != base::kDigestAlgorithmSipHash24_128 || header.canonicalisation_version != 1) {
    return Refused("unknown digest algorithm or canonicalisation version");
  }
  if ((header.snapshot_marks & ~kSnapshotMarksKnown) != 0) return Refused("unknown snapshot mark");
  if (header.resume_position.size() > kResumePositionBytesMax) {
    return Refused(absl::StrCat("resume position of ", header.resume_position.size(), " bytes; at most ",
                                kResumePositionBytesMax));
  }
  if (header.files.size() > base::kBatchFilesMax) {
    return Refused(absl::StrCat(header.files.size(), " files; at most ", base::kBatchFilesMax));
  }
  for (const SourceFile& file : header.files) {
    if (file.name.size() > base::kNameBytesMax) return Refused("a file name is too long");
    if (!base::IsValidUtf8(file.name)) return Refused("a file name is not UTF-8");
    if (file.sequence > kFileSequenceMax)
      return Refused(absl::StrCat("file sequence ", file.sequence, " is too large"));
  }
  return absl::OkStatus();
}

absl::Status CheckColumns(const RecordBatch& batch) {
  const RecordColumns& columns = batch.columns;
  const size_t count = columns.size();
  if (count > base::kBatchRecordsMax) return Refused(absl::StrCat(count, " records; at most ", base::kBatchRecordsMax));
  for (const size_t size :
       {columns.id.size(), columns.key.size(), columns.fingerprint.size(), columns.version.size(),
        columns.event_time.size(), columns.file_index.size(), columns.row.size(), columns.payload_end.size()}) {
    if (size != count) return Refused("its columns differ in length");
  }
  if (batch.payload.size() > base::kBatchPayloadBytesMax) {
    return Refused(absl::StrCat("payload of ", batch.payload.size(), " bytes; at most ", base::kBatchPayloadBytesMax));
  }
  const size_t files = std::max<size_t>(batch.header.files.size(), 1);
  uint32_t end = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto operation = static_cast<uint8_t>(columns.operation[i]);
    if (operation < 1 || columns.operation[i] > kLastOperation)
      return Refused(absl::StrCat("record ", i, " has unknown operation ", operation));
    if (columns.file_index[i] >= files) return Refused(absl::StrCat("record ", i, " names a file that is not listed"));
    if (columns.row[i] > kRowMax) return Refused(absl::StrCat("record ", i, " has too large a row number"));
    if (columns.payload_end[i] < end) return Refused(absl::StrCat("record ", i, " ends before it begins"));
    if (columns.payload_end[i] - end > base::kRecordBytesMax)
      return Refused(absl::StrCat("record ", i, " is too large"));
    end = columns.payload_end[i];
  }
  if (end != batch.payload.size()) return Refused("its records do not cover the payload");
  const auto same = std::count(columns.operation.begin(), columns.operation.end(), Operation::kSame);
  if (static_cast<size_t>(same) != columns.same_entry.size())
    return Refused("its same records do not all name an entry");
  return absl::OkStatus();
}

template <typename T>
bool AllZero(const std::vector<T>& column) {
  return std::all_of(column.begin(), column.end(), [](const T& value) { return value == T{}; });
}

uint8_t FlagsOf(const RecordColumns& columns) {
  uint8_t flags = 0;
  if (columns.key == columns.id) flags |= kKeyEqualsId;
  if (AllZero(columns.file_index)) flags |= kFileIndexAllZero;
  if (AllZero(columns.version)) flags |= kVersionAllZero;
  if (AllZero(columns.event_time)) flags |= kEventTimeAllZero;
  if (AllZero(columns.fingerprint)) flags |= kFingerprintAllZero;
  if (!columns.same_entry.empty()) flags |= kHasSame;
  return flags;
}

void Align(std::string& out) { out.resize((out.size() + kBatchAlignment - 1) / kBatchAlignment * kBatchAlignment); }

void AppendHeader(const BatchHeader& header, std::string& out) {
  out.append(header.resume_position);
  for (const SourceFile& file : header.files) {
    base::PutFixed(out, file.sequence);
    base::PutFixed(out, static_cast<uint16_t>(file.name.size()));
    out.append(file.name);
  }
  Align(out);
}

// A record that is kSame has none.
void AppendDigests(const std::vector<base::Digest>& digests, const RecordColumns& columns, std::string& out) {
  const bool all = columns.same_entry.empty();
  for (size_t i = 0; i < digests.size();) {
    size_t stop = all ? digests.size() : i;
    while (stop < digests.size() && columns.operation[stop] != Operation::kSame) ++stop;
    out.append(reinterpret_cast<const char*>(digests.data() + i), (stop - i) * sizeof(base::Digest));
    while (stop < digests.size() && columns.operation[stop] == Operation::kSame) ++stop;
    i = stop;
  }
}

void AppendOperations(const std::vector<Operation>& operations, std::string& out) {
  for (size_t i = 0; i < operations.size();) {
    size_t stop = i + 1;
    while (stop < operations.size() && operations[stop] == operations[i]) ++stop;
    base::PutVarint(out, stop - i);
    out.push_back(static_cast<char>(operations[i]));
    i = stop;
  }
}

// Differences are taken modulo 2^64, so that any two values have one.
template <typename T>
void AppendDeltas(const std::vector<T>& column, std::string& out) {
  uint64_t previous = 0;
  AppendVarints(out, column.size(), [&](size_t i) {
    const auto value = static_cast<uint64_t>(column[i]);
    const uint64_t delta = value - previous;
    previous = value;
    return base::ZigZag(static_cast<int64_t>(delta));
  });
}

// Dumps mostly come in the order in which their keys were first seen: then each is one more than the one before.
void AppendEntries(const std::vector<uint32_t>& entries, std::string& out) {
  uint32_t expected = 0;
  AppendVarints(out, entries.size(), [&](size_t i) {
    const auto off = static_cast<int32_t>(entries[i] - expected);
    expected = entries[i] + 1;
    return base::ZigZag(off);
  });
}

void AppendColumns(const RecordColumns& columns, uint8_t flags, std::string& out) {
  const bool has_same = (flags & kHasSame) != 0;
  if (has_same) {
    AppendOperations(columns.operation, out);
    Align(out);
  }
  AppendDigests(columns.id, columns, out);
  if ((flags & kKeyEqualsId) == 0) AppendDigests(columns.key, columns, out);
  if ((flags & kFingerprintAllZero) == 0) AppendDigests(columns.fingerprint, columns, out);
  if (has_same) {
    AppendEntries(columns.same_entry, out);
  } else {
    AppendOperations(columns.operation, out);
  }
  if ((flags & kVersionAllZero) == 0) AppendDeltas(columns.version, out);
  if ((flags & kEventTimeAllZero) == 0) AppendDeltas(columns.event_time, out);
  if ((flags & kFileIndexAllZero) == 0) AppendDeltas(columns.file_index, out);
  AppendDeltas(columns.row, out);
  uint32_t begin = 0;
  AppendVarints(out, columns.size(), [&](size_t i) {
    const uint32_t length = columns.payload_end[i] - begin;
    begin = columns.payload_end[i];
    return uint64_t{length};
  });
}

FixedHeader FixedOf(const RecordBatch& batch, uint8_t flags) {
  const BatchHeader& header = batch.header;
  FixedHeader fixed{};
  std::memcpy(fixed.magic, kBatchMagic, sizeof fixed.magic);
  fixed.format_version = kBatchFormatVersion;
  fixed.payload_bytes = static_cast<uint32_t>(batch.payload.size());
  fixed.record_count = static_cast<uint32_t>(batch.size());
  fixed.resource_id = header.resource_id;
  fixed.partition = header.partition;
  fixed.schema_version = header.schema_version;
  fixed.publisher_id = header.publisher_id;
  fixed.source_id = header.source_id;
  fixed.digest_key_id = header.digest_key_id;
  fixed.codec = static_cast<uint8_t>(header.codec);
  fixed.digest_algorithm = header.digest_algorithm;
  fixed.canonicalisation_version = header.canonicalisation_version;
  fixed.publisher_epoch = header.publisher_epoch;
  fixed.publisher_sequence = header.publisher_sequence;
  fixed.snapshot_id = header.snapshot_id;
  fixed.created_time = header.created_time;
  if ((flags & kEventTimeAllZero) == 0) {
    const TimeRange range = KnownTimeRange(batch.columns.event_time);
    fixed.event_time_min = range.min;
    fixed.event_time_max = range.max;
  }
  fixed.snapshot_marks = header.snapshot_marks;
  fixed.column_flags = flags;
  fixed.resume_position_bytes = static_cast<uint32_t>(header.resume_position.size());
  fixed.file_count = static_cast<uint32_t>(header.files.size());
  return fixed;
}

}  // namespace

absl::StatusOr<std::string> EncodeBatch(const RecordBatch& batch) {
  RETURN_IF_ERROR(CheckHeader(batch.header));
  RETURN_IF_ERROR(CheckColumns(batch));

  const uint8_t flags = FlagsOf(batch.columns);
  FixedHeader fixed = FixedOf(batch, flags);
  std::string out;
  // Room for the usual batch in one allocation: digests, a few bytes of each other column, the payload uncompressed.
  out.reserve(1024 + batch.size() * 72 + batch.payload.size());
  out.resize(sizeof fixed);
  AppendHeader(batch.header, out);
  fixed.header_bytes = static_cast<uint32_t>(out.size());
  AppendColumns(batch.columns, flags, out);
  fixed.columns_bytes = static_cast<uint32_t>(out.size() - fixed.header_bytes);
  RETURN_IF_ERROR(CompressPayload(batch.header.codec, batch.payload, out));
  fixed.stored_payload_bytes = static_cast<uint32_t>(out.size() - fixed.header_bytes - fixed.columns_bytes);
  const size_t total = out.size() + kSealBytes;
  if (total > base::kBatchBytesMax) {
    return absl::OutOfRangeError(
        absl::StrCat("record batch cannot be packed: ", total, " bytes; at most ", base::kBatchBytesMax));
  }
  fixed.total_bytes = static_cast<uint32_t>(total);
  std::memcpy(out.data(), &fixed, sizeof fixed);

  const base::Sha256Digest seal = base::Sha256(out);
  out.append(base::AsBytes(seal));
  base::PutFixed(out, uint16_t{0});  // length of the signature: batches are not signed yet
  return out;
}

}  // namespace datong::record
