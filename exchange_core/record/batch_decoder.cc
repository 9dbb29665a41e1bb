// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>
#include <utility>

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

absl::Status Damaged(std::string detail) {
  return absl::DataLossError(absl::StrCat("record batch is damaged: ", detail, "; fetch the batch again"));
}

absl::Status Unknown(std::string what) {
  return absl::UnimplementedError(absl::StrCat(
      "record batch: ", what, " is not known to this release; it was written by a newer one: upgrade first"));
}

// Magic and version: what must be right before any other byte means anything.
absl::Status ReadStart(std::string_view bytes) {
  constexpr size_t kStartBytes = 8;
  if (bytes.size() < kStartBytes || std::memcmp(bytes.data(), kBatchMagic, 4) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a record batch: ", bytes.size(), " bytes that do not start with ", kBatchMagic));
  }
  uint16_t version, reserved;
  std::memcpy(&version, bytes.data() + 4, sizeof version);
  std::memcpy(&reserved, bytes.data() + 6, sizeof reserved);
  if (version != kBatchFormatVersion) return Unknown(absl::StrCat("format version ", version));
  if (reserved != 0) return Unknown(absl::StrCat("reserved start bytes ", reserved));
  return absl::OkStatus();
}

// The stated lengths against each other, the limits and the bytes at hand. Nothing is allocated before this holds.
absl::Status CheckLengths(const FixedHeader& fixed, size_t bytes) {
  if (fixed.total_bytes != bytes) {
    return Damaged(absl::StrCat("it states ", fixed.total_bytes, " bytes, there are ", bytes));
  }
  if (bytes > base::kBatchBytesMax) return Damaged(absl::StrCat(bytes, " bytes; at most ", base::kBatchBytesMax));
  const uint64_t sum = uint64_t{fixed.header_bytes} + fixed.columns_bytes + fixed.stored_payload_bytes + kSealBytes;
  if (sum != bytes || fixed.header_bytes < sizeof(FixedHeader) || fixed.header_bytes % kBatchAlignment != 0) {
    return Damaged("the lengths of its parts do not add up");
  }
  if (fixed.record_count > base::kBatchRecordsMax) {
    return Damaged(absl::StrCat(fixed.record_count, " records; at most ", base::kBatchRecordsMax));
  }
  if (fixed.payload_bytes > base::kBatchPayloadBytesMax) {
    return Damaged(absl::StrCat("payload of ", fixed.payload_bytes, " bytes; at most ", base::kBatchPayloadBytesMax));
  }
  // Every record has at least its digests, one byte of row and one of payload length: so the stated count cannot ask
  // for more memory than a multiple of the bytes that came.
  uint64_t least = 3 * sizeof(base::Digest);
  if ((fixed.column_flags & kKeyEqualsId) != 0) least -= sizeof(base::Digest);
  if ((fixed.column_flags & kFingerprintAllZero) != 0) least -= sizeof(base::Digest);
  if ((fixed.column_flags & kHasSame) != 0) least = 1;  // some have no digests, but an entry
  if (uint64_t{fixed.record_count} * (least + 2) > fixed.columns_bytes)
    return Damaged("more records than its columns hold");
  return absl::OkStatus();
}

enum class SealCheck { kVerify, kWasVerified };

absl::Status CheckSeal(const FixedHeader& fixed, std::string_view bytes, SealCheck check, base::Sha256Digest& seal) {
  const size_t sealed = bytes.size() - kSealBytes;
  std::memcpy(seal.data(), bytes.data() + sealed, kSealDigestBytes);
  if (check == SealCheck::kVerify && base::Sha256(bytes.substr(0, sealed)) != seal)
    return Damaged("its seal does not match its bytes");
  if (fixed.crypto_suite != 0) return Unknown(absl::StrCat("crypto suite ", fixed.crypto_suite));
  uint16_t signature_bytes;
  std::memcpy(&signature_bytes, bytes.data() + sealed + kSealDigestBytes, sizeof signature_bytes);
  if (signature_bytes != 0) return Damaged("it states a signature but its suite has none");
  return absl::OkStatus();
}

// After the seal: what is unknown here was really written so.
absl::Status CheckKnown(const FixedHeader& fixed) {
  if (fixed.codec > static_cast<uint8_t>(Codec::kZstd)) return Unknown(absl::StrCat("codec ", fixed.codec));
  if (fixed.digest_algorithm != base::kDigestAlgorithmSipHash24_128) {
    return Unknown(absl::StrCat("digest algorithm ", fixed.digest_algorithm));
  }
  if (fixed.canonicalisation_version != 1) {
    return Unknown(absl::StrCat("canonicalisation version ", fixed.canonicalisation_version));
  }
  if ((fixed.column_flags & ~kColumnFlagsKnown) != 0) return Unknown(absl::StrCat("column flags ", fixed.column_flags));
  if ((fixed.snapshot_marks & ~kSnapshotMarksKnown) != 0) {
    return Unknown(absl::StrCat("snapshot marks ", fixed.snapshot_marks));
  }
  if (fixed.extension_bytes != 0) return Unknown("header extension");
  if (fixed.nonce_bytes != 0 || fixed.encryption_key_id != 0)
    return Damaged("it is not encrypted but names a key or nonce");
  return absl::OkStatus();
}

absl::Status ReadHeader(const FixedHeader& fixed, std::string_view rest, BatchHeader& into) {
  into.resource_id = fixed.resource_id;
  into.partition = fixed.partition;
  into.schema_version = fixed.schema_version;
  into.publisher_id = fixed.publisher_id;
  into.source_id = fixed.source_id;
  into.publisher_epoch = fixed.publisher_epoch;
  into.publisher_sequence = fixed.publisher_sequence;
  into.snapshot_id = fixed.snapshot_id;
  into.snapshot_marks = fixed.snapshot_marks;
  into.codec = static_cast<Codec>(fixed.codec);
  into.crypto_suite = fixed.crypto_suite;
  into.digest_algorithm = fixed.digest_algorithm;
  into.canonicalisation_version = fixed.canonicalisation_version;
  into.digest_key_id = fixed.digest_key_id;
  into.encryption_key_id = fixed.encryption_key_id;
  into.nonce.clear();
  into.created_time = fixed.created_time;

  if (fixed.resume_position_bytes > kResumePositionBytesMax) return Damaged("its resume position is too long");
  if (fixed.file_count > base::kBatchFilesMax) {
    return Damaged(absl::StrCat(fixed.file_count, " files; at most ", base::kBatchFilesMax));
  }
  base::ByteReader reader(rest);
  into.resume_position.assign(reader.Take(fixed.resume_position_bytes));
  into.files.resize(fixed.file_count);
  for (SourceFile& file : into.files) {
    file.sequence = reader.Fixed<uint32_t>();
    const auto name_bytes = reader.Fixed<uint16_t>();
    const std::string_view name = reader.Take(name_bytes);
    if (!reader.ok()) break;
    if (name.size() > base::kNameBytesMax || !base::IsValidUtf8(name))
      return Damaged("a file name is too long or not UTF-8");
    if (file.sequence > kFileSequenceMax) return Damaged("a file sequence is too large");
    file.name.assign(name);
  }
  const std::string_view padding = reader.rest();
  if (!reader.ok() || padding.size() >= kBatchAlignment || padding.find_first_not_of('\0') != std::string_view::npos) {
    return Damaged("its header does not have the stated length");
  }
  return absl::OkStatus();
}

// Reads column after column; after the first failure nothing more is read.
class ColumnReader {
 public:
  ColumnReader(std::string_view columns, size_t count)
      : at_(reinterpret_cast<const uint8_t*>(columns.data())), end_(at_ + columns.size()), count_(count) {}

  bool AtEnd() const { return at_ == end_; }

  void Digests(std::vector<base::Digest>& into) {
    into.resize(count_);
    const size_t bytes = count_ * sizeof(base::Digest);
    if (at_ == nullptr || static_cast<size_t>(end_ - at_) < bytes) return Fail();
    if (bytes != 0) std::memcpy(into.data(), at_, bytes);
    at_ += bytes;
  }

  // Passes over the digests of so many records; where they stand.
  const uint8_t* PassDigests(size_t count) {
    const uint8_t* const digests = at_;
    if (at_ == nullptr || static_cast<size_t>(end_ - at_) / sizeof(base::Digest) < count) {
      Fail();
      return nullptr;
    }
    at_ += count * sizeof(base::Digest);
    return digests;
  }

  // The same, of records some of which are kSame and have none.
  void DigestsOfOthers(const std::vector<Operation>& operations, size_t same, std::vector<base::Digest>& into) {
    into.resize(count_);
    if (at_ == nullptr || static_cast<size_t>(end_ - at_) < (count_ - same) * sizeof(base::Digest)) return Fail();
    for (size_t i = 0; i < count_;) {
      size_t stop = i;
      while (stop < count_ && operations[stop] != Operation::kSame) ++stop;
      if (stop != i) std::memcpy(into.data() + i, at_, (stop - i) * sizeof(base::Digest));
      at_ += (stop - i) * sizeof(base::Digest);
      for (i = stop; i < count_ && operations[i] == Operation::kSame; ++i) into[i] = {};
    }
  }

  void Entries(size_t same, std::vector<uint32_t>& into) {
    into.resize(same);
    if (at_ == nullptr) return;
    uint64_t widest = 0;
    uint32_t expected = 0;
    at_ = ReadVarints(at_, end_, same, [&](size_t i, uint64_t off) {
      widest |= off;
      into[i] = expected + static_cast<uint32_t>(base::UnZigZag(off));
      expected = into[i] + 1;
    });
    if (at_ == nullptr || widest > UINT32_MAX) Fail();
  }

  // Zeros up to the next multiple of the alignment, counted from the first column.
  void Padding(std::string_view columns) {
    if (at_ == nullptr) return;
    const auto behind = static_cast<size_t>(at_ - reinterpret_cast<const uint8_t*>(columns.data()));
    const size_t padding = (kBatchAlignment - behind % kBatchAlignment) % kBatchAlignment;
    if (static_cast<size_t>(end_ - at_) < padding) return Fail();
    if (std::any_of(at_, at_ + padding, [](uint8_t byte) { return byte != 0; })) return Fail();
    at_ += padding;
  }

  void Operations(std::vector<Operation>& into) {
    into.resize(count_);
    for (size_t i = 0; i < count_ && at_ != nullptr;) {
      uint64_t run;
      at_ = ReadVarint(at_, end_, run);
      if (at_ == nullptr || at_ == end_ || run == 0 || run > count_ - i || *at_ < 1 ||
          *at_ > static_cast<uint8_t>(kLastOperation)) {
        return Fail();
      }
      std::fill_n(into.begin() + static_cast<ptrdiff_t>(i), run, static_cast<Operation>(*at_++));
      i += run;
    }
  }

  template <typename T>
  void Deltas(std::vector<T>& into) {
    into.resize(count_);
    if (at_ == nullptr) return;
    uint64_t value = 0, widest = 0;
    T* to = into.data();
    at_ = ReadVarints(at_, end_, count_, [&](size_t i, uint64_t delta) {
      value += static_cast<uint64_t>(base::UnZigZag(delta));
      if constexpr (sizeof(T) < sizeof value) widest |= value;
      to[i] = static_cast<T>(value);
    });
    if (widest > UINT32_MAX) Fail();
  }

  // Ends from lengths. A length may be 64 bits wide, so the sum is watched: it never shrinks below a former end.
  void Ends(std::vector<uint32_t>& into, uint32_t payload_bytes) {
    into.resize(count_);
    if (at_ == nullptr) return;
    uint64_t end = 0, longest = 0;
    uint32_t* to = into.data();
    at_ = ReadVarints(at_, end_, count_, [&](size_t i, uint64_t length) {
      longest |= length;
      end += length;
      to[i] = static_cast<uint32_t>(end);
    });
    // `longest` has every bit of every length: below 2^32 each, 2^20 of them cannot wrap 64 bits.
    if (at_ == nullptr || longest > UINT32_MAX || end != payload_bytes) Fail();
  }

 private:
  void Fail() { at_ = nullptr; }

  const uint8_t* at_;
  const uint8_t* end_;
  size_t count_;
};

absl::Status CheckColumnValues(const FixedHeader& fixed, const RecordColumns& columns) {
  if ((fixed.column_flags & kFileIndexAllZero) == 0) {
    const uint32_t files = std::max(fixed.file_count, 1u);
    const bool listed = std::all_of(columns.file_index.begin(), columns.file_index.end(),
                                    [&](uint32_t index) { return index < files; });
    if (!listed) return Damaged("a record names a file that is not listed");
  }
  uint64_t rows = 0;
  for (const uint64_t row : columns.row) rows |= row;
  if (rows > kRowMax) return Damaged("a row number is too large");
  uint32_t begin = 0, longest = 0;
  for (const uint32_t end : columns.payload_end) {
    longest = std::max(longest, end - begin);
    begin = end;
  }
  if (longest > base::kRecordBytesMax) return Damaged("a record is larger than any may be");
  TimeRange range;
  if ((fixed.column_flags & kEventTimeAllZero) == 0) range = KnownTimeRange(columns.event_time);
  if (range.min != fixed.event_time_min || range.max != fixed.event_time_max) {
    return Damaged("its event times are not in the stated range");
  }
  return absl::OkStatus();
}

// What stands before the digests where some records have none; `same`: how many.
absl::Status ReadWhoIsSame(ColumnReader& reader, std::string_view bytes, RecordColumns& into, size_t& same) {
  reader.Operations(into.operation);
  reader.Padding(bytes);
  same = static_cast<size_t>(std::count(into.operation.begin(), into.operation.end(), Operation::kSame));
  return same == 0 ? Damaged("it has no record of the kind that its flags state") : absl::OkStatus();
}

// What stands behind the digests.
absl::Status ReadOtherColumns(const FixedHeader& fixed, size_t same, ColumnReader& reader, RecordColumns& into) {
  reader.Entries(same, into.same_entry);
  if ((fixed.column_flags & kHasSame) == 0) {
    reader.Operations(into.operation);
    if (std::find(into.operation.begin(), into.operation.end(), Operation::kSame) != into.operation.end()) {
      return Damaged("a record is of a kind that its flags do not state");
    }
  }
  if ((fixed.column_flags & kVersionAllZero) != 0) {
    into.version.assign(fixed.record_count, 0);
  } else {
    reader.Deltas(into.version);
  }
  if ((fixed.column_flags & kEventTimeAllZero) != 0) {
    into.event_time.assign(fixed.record_count, 0);
  } else {
    reader.Deltas(into.event_time);
  }
  if ((fixed.column_flags & kFileIndexAllZero) != 0) {
    into.file_index.assign(fixed.record_count, 0);
  } else {
    reader.Deltas(into.file_index);
  }
  reader.Deltas(into.row);
  reader.Ends(into.payload_end, fixed.payload_bytes);
  if (!reader.AtEnd()) return Damaged("its columns do not have the stated length");
  return CheckColumnValues(fixed, into);
}

absl::Status ReadColumns(const FixedHeader& fixed, std::string_view bytes, RecordColumns& into) {
  ColumnReader reader(bytes, fixed.record_count);
  const bool has_same = (fixed.column_flags & kHasSame) != 0;
  size_t same = 0;
  if (has_same) RETURN_IF_ERROR(ReadWhoIsSame(reader, bytes, into, same));
  const auto read_digests = [&](std::vector<base::Digest>& column) {
    has_same ? reader.DigestsOfOthers(into.operation, same, column) : reader.Digests(column);
  };
  read_digests(into.id);
  if ((fixed.column_flags & kKeyEqualsId) != 0) {
    into.key = into.id;
  } else {
    read_digests(into.key);
  }
  if ((fixed.column_flags & kFingerprintAllZero) != 0) {
    into.fingerprint.assign(fixed.record_count, base::Digest());
  } else {
    read_digests(into.fingerprint);
  }
  return ReadOtherColumns(fixed, same, reader, into);
}

// Everything before the columns.
absl::Status ReadFront(std::string_view bytes, SealCheck check, FixedHeader& fixed, base::Sha256Digest& seal,
                       BatchHeader& header) {
  RETURN_IF_ERROR(ReadStart(bytes));
  if (bytes.size() < sizeof(FixedHeader) + kSealBytes)
    return Damaged(absl::StrCat("it ends after ", bytes.size(), " bytes"));
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  RETURN_IF_ERROR(CheckLengths(fixed, bytes.size()));
  RETURN_IF_ERROR(CheckSeal(fixed, bytes, check, seal));
  RETURN_IF_ERROR(CheckKnown(fixed));
  return ReadHeader(fixed, bytes.substr(sizeof fixed, fixed.header_bytes - sizeof fixed), header);
}

// Adds the records to `into`: their columns, and where they lie in the payload, as (begin, end).
absl::Status PickColumns(const FixedHeader& fixed, std::string_view bytes, std::span<const uint32_t> records,
                         RecordColumns& into, std::vector<std::pair<uint32_t, uint32_t>>& places) {
  RecordColumns all;  // but for the digests
  ColumnReader reader(bytes, fixed.record_count);
  size_t same = 0;
  if ((fixed.column_flags & kHasSame) != 0) RETURN_IF_ERROR(ReadWhoIsSame(reader, bytes, all, same));
  const size_t others = fixed.record_count - same;
  const uint8_t* const id = reader.PassDigests(others);
  const uint8_t* const key = (fixed.column_flags & kKeyEqualsId) != 0 ? id : reader.PassDigests(others);
  const bool no_fingerprint = (fixed.column_flags & kFingerprintAllZero) != 0;
  const uint8_t* const fingerprint = no_fingerprint ? nullptr : reader.PassDigests(others);
  RETURN_IF_ERROR(ReadOtherColumns(fixed, same, reader, all));
  size_t passed = 0, same_before = 0;
  for (const uint32_t i : records) {
    if (i >= fixed.record_count) return absl::DataLossError(absl::StrCat("a record batch has no record ", i));
    for (; same != 0 && passed < i; ++passed) same_before += all.operation[passed] == Operation::kSame ? 1 : 0;
    const bool is_same = all.operation[i] == Operation::kSame;
    const auto digest = [&](const uint8_t* column) {
      base::Digest picked;
      if (column != nullptr && !is_same)
        std::memcpy(&picked, column + (i - same_before) * sizeof picked, sizeof picked);
      return picked;
    };
    into.id.push_back(digest(id));
    into.key.push_back(digest(key));
    into.fingerprint.push_back(digest(fingerprint));
    into.operation.push_back(all.operation[i]);
    into.version.push_back(all.version[i]);
    into.event_time.push_back(all.event_time[i]);
    into.file_index.push_back(all.file_index[i]);
    into.row.push_back(all.row[i]);
    if (is_same) into.same_entry.push_back(all.same_entry[same_before]);
    places.emplace_back(i == 0 ? 0 : all.payload_end[i - 1], all.payload_end[i]);
  }
  return absl::OkStatus();
}

absl::Status ReadBatch(std::string_view bytes, SealCheck check, PackedBatch& into) {
  FixedHeader fixed;
  RETURN_IF_ERROR(ReadFront(bytes, check, fixed, into.seal, into.header));
  RETURN_IF_ERROR(ReadColumns(fixed, bytes.substr(fixed.header_bytes, fixed.columns_bytes), into.columns));
  into.compressed_payload = bytes.substr(fixed.header_bytes + fixed.columns_bytes, fixed.stored_payload_bytes);
  into.payload_bytes = fixed.payload_bytes;
  into.event_time_min = fixed.event_time_min;
  into.event_time_max = fixed.event_time_max;
  return absl::OkStatus();
}

absl::Status ReadOrClear(std::string_view bytes, SealCheck check, PackedBatch& into) {
  absl::Status status = ReadBatch(bytes, check, into);
  if (!status.ok()) {
    // Half-read columns must not be taken for a batch.
    into.columns.clear();
    into.compressed_payload = {};
    into.payload_bytes = 0;
  }
  return status;
}

}  // namespace

absl::Status DecodeColumns(std::string_view bytes, PackedBatch& into) {
  return ReadOrClear(bytes, SealCheck::kVerify, into);
}

absl::Status DecodeColumnsOfDecided(std::string_view bytes, PackedBatch& into) {
  return ReadOrClear(bytes, SealCheck::kWasVerified, into);
}

absl::StatusOr<size_t> PickRecordsOfDecided(std::string_view bytes, std::span<const uint32_t> records,
                                            RecordBatch& into) {
  into.clear();
  if (records.empty()) return 0;
  FixedHeader fixed;
  base::Sha256Digest seal;
  RETURN_IF_ERROR(ReadFront(bytes, SealCheck::kWasVerified, fixed, seal, into.header));
  std::vector<std::pair<uint32_t, uint32_t>> places;
  RETURN_IF_ERROR(
      PickColumns(fixed, bytes.substr(fixed.header_bytes, fixed.columns_bytes), records, into.columns, places));
  std::string front;
  RETURN_IF_ERROR(DecompressPayloadFront(
      into.header.codec, bytes.substr(fixed.header_bytes + fixed.columns_bytes, fixed.stored_payload_bytes),
      fixed.payload_bytes, places.back().second, front));
  for (const auto& [begin, end] : places) {
    into.payload.append(front, begin, end - begin);
    into.columns.payload_end.push_back(static_cast<uint32_t>(into.payload.size()));
  }
  return front.size();
}

uint32_t StatedPayloadBytes(std::string_view bytes) {
  if (bytes.size() < sizeof(FixedHeader) || !ReadStart(bytes).ok()) return 0;
  FixedHeader fixed;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  return fixed.payload_bytes > base::kBatchPayloadBytesMax ? 0 : fixed.payload_bytes;
}

absl::Status DecodePayload(const PackedBatch& batch, std::string& into) {
  absl::Status status = DecompressPayload(batch.header.codec, batch.compressed_payload, batch.payload_bytes, into);
  if (!status.ok()) into.clear();
  return status;
}

absl::Status DecodeBatch(std::string_view bytes, RecordBatch& into) {
  // Header and columns change hands for the while, so that their memory is reused.
  PackedBatch packed;
  std::swap(packed.header, into.header);
  std::swap(packed.columns, into.columns);
  absl::Status status = DecodeColumns(bytes, packed);
  if (status.ok()) status = DecodePayload(packed, into.payload);
  std::swap(packed.header, into.header);
  std::swap(packed.columns, into.columns);
  if (!status.ok()) into.clear();
  return status;
}

}  // namespace datong::record
