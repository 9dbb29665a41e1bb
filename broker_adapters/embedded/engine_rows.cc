// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/engine_rows.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"

namespace datong::embedded {
namespace {

enum MessageFlags : uint8_t { kEnvelopeStored = 1, kBodyStored = 2 };

template <typename T>
void PutBigEndian(std::string& out, T value) {
  for (int shift = (sizeof value - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

template <typename T>
T GetBigEndian(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof value; ++i) value = static_cast<T>(value << 8 | static_cast<uint8_t>(bytes[i]));
  return value;
}

std::string PartitionedKey(char letter, uint32_t topic_id, uint32_t partition) {
  std::string key(1, letter);
  PutBigEndian(key, topic_id);
  PutBigEndian(key, partition);
  return key;
}

std::string Row() { return std::string(1, static_cast<char>(kRowFormatVersion)); }

// Calls `read` with what follows the version, and holds it to reading all of it.
template <typename Read>
absl::Status Reading(std::string_view value, const char* what, Read read) {
  base::ByteReader reader(value);
  const auto version = reader.Fixed<uint8_t>();
  if (!reader.ok()) return absl::DataLossError(absl::StrCat("an empty ", what, " row"));
  if (version != kRowFormatVersion) {
    return absl::UnimplementedError(absl::StrCat("a ", what, " row of format version ", version,
                                                 "; this program knows version ", kRowFormatVersion));
  }
  read(reader);
  if (!reader.ok() || !reader.rest().empty()) return absl::DataLossError(absl::StrCat("a damaged ", what, " row"));
  return absl::OkStatus();
}

void PutLocation(std::string& out, const BlockLocation& at) {
  base::PutVarint(out, at.segment);
  base::PutVarint(out, at.offset);
  base::PutVarint(out, at.length);
  base::PutFixed(out, at.checksum);
}

BlockLocation GetLocation(base::ByteReader& reader) {
  BlockLocation at;
  at.segment = static_cast<uint32_t>(reader.Varint());
  at.offset = reader.Varint();
  const uint64_t length = reader.Varint();
  if (length > base::kBatchBytesMax) reader.Take(~uint64_t{0});  // more than was ever accepted: the row is damaged
  at.length = static_cast<uint32_t>(length);
  at.checksum = reader.Fixed<uint64_t>();
  return at;
}

// `copy` says whether the inline parts are wanted.
absl::Status DecodeMessage(std::string_view value, MessageRow& row, bool copy) {
  return Reading(value, "message", [&](base::ByteReader& reader) {
    const auto flags = reader.Fixed<uint8_t>();
    row.append_time = reader.Fixed<int64_t>();
    const std::string_view key = reader.Bytes();
    if (copy) row.key.assign(key);
    const auto part = [&](bool stored, std::string& inline_part, std::optional<BlockLocation>& at) {
      at.reset();
      if (stored) {
        at = GetLocation(reader);
      } else {
        const std::string_view bytes = reader.Bytes();
        if (copy) inline_part.assign(bytes);
      }
    };
    part((flags & kEnvelopeStored) != 0, row.envelope, row.envelope_at);
    part((flags & kBodyStored) != 0, row.body, row.body_at);
  });
}

}  // namespace

std::string CommitKey() { return "C"; }
std::string TopicKey(std::string_view name) { return std::string("T").append(name); }
std::string WriterKey(std::string_view identity) { return std::string("W").append(identity); }
std::string PartitionKey(uint32_t topic_id, uint32_t partition) { return PartitionedKey('P', topic_id, partition); }

std::string MessageKey(uint32_t topic_id, uint32_t partition, broker::Position position) {
  std::string key = PartitionedKey('M', topic_id, partition);
  PutBigEndian(key, position);
  return key;
}

std::string GroupKey(uint32_t topic_id, uint32_t partition, std::string_view group) {
  return PartitionedKey('G', topic_id, partition).append(group);
}

std::string SegmentKey(broker::TopicKind kind, uint32_t number) {
  std::string key("S");
  key.push_back(static_cast<char>(kind));
  PutBigEndian(key, number);
  return key;
}

broker::Position PositionOfMessageKey(std::string_view key) { return GetBigEndian<uint64_t>(key.substr(9)); }

bool ParseSegmentKey(std::string_view key, broker::TopicKind& kind, uint32_t& number) {
  if (key.size() != 6 || key[0] != 'S') return false;
  kind = static_cast<broker::TopicKind>(key[1]);
  number = GetBigEndian<uint32_t>(key.substr(2));
  return kind >= broker::TopicKind::kRecords && kind <= broker::TopicKind::kControl;
}

std::string Encode(const CommitRow& row) {
  std::string out = Row();
  base::PutFixed(out, row.sequence);
  base::PutFixed(out, row.next_topic_id);
  for (const uint32_t next : row.next_segment) base::PutFixed(out, next);
  return out;
}

std::string Encode(const TopicRow& row) {
  std::string out = Row();
  base::PutFixed(out, row.id);
  base::PutFixed(out, static_cast<uint8_t>(row.options.kind));
  base::PutFixed(out, row.options.partitions);
  return out;
}

std::string Encode(const PartitionRow& row) {
  std::string out = Row();
  base::PutFixed(out, row.end);
  base::PutFixed(out, row.kept_from);
  base::PutFixed(out, row.last_append);
  return out;
}

std::string Encode(const SegmentState& row) {
  std::string out = Row();
  base::PutFixed(out, row.end);
  base::PutFixed(out, row.references);
  return out;
}

std::string EncodeNumber(uint64_t value) {
  std::string out = Row();
  base::PutFixed(out, value);
  return out;
}

std::string EncodeMessage(base::TimeUs append_time, std::string_view key, std::string_view envelope,
                          const std::optional<BlockLocation>& envelope_at, std::string_view body,
                          const std::optional<BlockLocation>& body_at) {
  std::string out = Row();
  out.reserve(64 + key.size() + (envelope_at ? 0 : envelope.size()) + (body_at ? 0 : body.size()));
  out.push_back(static_cast<char>((envelope_at ? kEnvelopeStored : 0) | (body_at ? kBodyStored : 0)));
  base::PutFixed(out, append_time);
  base::PutBytes(out, key);
  envelope_at ? PutLocation(out, *envelope_at) : base::PutBytes(out, envelope);
  body_at ? PutLocation(out, *body_at) : base::PutBytes(out, body);
  return out;
}

absl::Status Decode(std::string_view value, CommitRow& row) {
  return Reading(value, "commit", [&](base::ByteReader& reader) {
    row.sequence = reader.Fixed<uint64_t>();
    row.next_topic_id = reader.Fixed<uint32_t>();
    for (uint32_t& next : row.next_segment) next = reader.Fixed<uint32_t>();
  });
}

absl::Status Decode(std::string_view value, TopicRow& row) {
  return Reading(value, "topic", [&](base::ByteReader& reader) {
    row.id = reader.Fixed<uint32_t>();
    row.options.kind = static_cast<broker::TopicKind>(reader.Fixed<uint8_t>());
    row.options.partitions = reader.Fixed<uint32_t>();
    if (row.options.partitions > base::kPartitionsMax) reader.Take(~uint64_t{0});
  });
}

absl::Status Decode(std::string_view value, PartitionRow& row) {
  return Reading(value, "partition", [&](base::ByteReader& reader) {
    row.end = reader.Fixed<uint64_t>();
    row.kept_from = reader.Fixed<uint64_t>();
    row.last_append = reader.Fixed<int64_t>();
  });
}

absl::Status Decode(std::string_view value, SegmentState& row) {
  return Reading(value, "segment", [&](base::ByteReader& reader) {
    row.end = reader.Fixed<uint64_t>();
    row.references = reader.Fixed<uint64_t>();
  });
}

absl::Status Decode(std::string_view value, uint64_t& number) {
  return Reading(value, "number", [&](base::ByteReader& reader) { number = reader.Fixed<uint64_t>(); });
}

absl::Status Decode(std::string_view value, MessageRow& row) { return DecodeMessage(value, row, true); }
absl::Status DecodeLocations(std::string_view value, MessageRow& row) { return DecodeMessage(value, row, false); }

}  // namespace datong::embedded
