// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/checkpoint_pieces.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "exchange_core/base/little_endian.h"

namespace datong::index {
namespace {

base::Digest SumOf(std::string_view bytes) {
  const XXH128_hash_t sum = XXH3_128bits(bytes.data(), bytes.size());
  return {sum.low64, sum.high64};
}

absl::Status Malformed() { return absl::DataLossError("a section's pieces are malformed"); }

}  // namespace

size_t StoredSection::BytesOf(size_t piece) const {
  return static_cast<size_t>(std::min<uint64_t>(content_bytes - piece * kPieceBytes, kPieceBytes));
}

PackedSection PackSection(std::string_view content, uint64_t generation, const StoredSection* before) {
  PackedSection packed;
  std::string& stored = packed.bytes;
  base::PutVarint(stored, content.size());
  for (size_t i = 0; i * kPieceBytes < content.size(); ++i) {
    const std::string_view bytes = content.substr(i * kPieceBytes, kPieceBytes);
    const base::Digest sum = SumOf(bytes);
    const bool is_there = before != nullptr && i < before->pieces.size() && before->pieces[i].sum == sum &&
                          before->BytesOf(i) == bytes.size();
    base::PutVarint(stored, is_there ? before->pieces[i].generation : generation);
    base::PutFixed(stored, sum.low);
    base::PutFixed(stored, sum.high);
    if (is_there) {
      packed.stands_on.insert(before->pieces[i].generation);
    } else {
      stored.append(bytes);
    }
  }
  return packed;
}

absl::StatusOr<StoredSection> ParseSection(std::string_view stored, uint64_t generation) {
  StoredSection section;
  base::ByteReader reader(stored);
  section.content_bytes = reader.Varint();
  for (size_t i = 0; reader.ok() && i * kPieceBytes < section.content_bytes; ++i) {
    Piece piece;
    piece.generation = reader.Varint();
    piece.sum.low = reader.Fixed<uint64_t>();
    piece.sum.high = reader.Fixed<uint64_t>();
    std::string_view here;
    if (piece.generation == generation) {
      here = reader.Take(section.BytesOf(i));
      if (!reader.ok() || SumOf(here) != piece.sum) return Malformed();
    } else if (piece.generation == 0 || piece.generation > generation) {
      return Malformed();
    }
    section.pieces.push_back(piece);
    section.here.push_back(here);
  }
  if (!reader.ok() || !reader.rest().empty()) return Malformed();
  return section;
}

}  // namespace datong::index
