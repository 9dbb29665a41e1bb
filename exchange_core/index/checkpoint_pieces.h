// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/digest.h"

// How a section of a checkpoint is stored: in pieces, of which those that an earlier generation holds are only named.
// An index grows at its end and changes in place, so what has not changed stands where it stood.
namespace datong::index {

inline constexpr size_t kPieceBytes = size_t{64} << 10;

// The piece at bytes [i * kPieceBytes, ...) of a section's content; the last one may be shorter.
struct Piece {
  uint64_t generation = 0;  // whose file holds its bytes, in the section of the same name, as the same piece
  base::Digest sum;         // XXH3-128 of them
};

struct StoredSection {
  uint64_t content_bytes = 0;
  std::vector<Piece> pieces;
  std::vector<std::string_view> here;  // parallel: the bytes of those that stand here, else empty; into what was parsed

  size_t BytesOf(size_t piece) const;
};

// The stored form in `generation`'s file. `before` = what the generation before it has under the same name, or nullptr.
// varint content bytes; per piece: varint generation, 16 bytes sum, and where that generation is this one, its bytes.
struct PackedSection {
  std::string bytes;
  std::set<uint64_t> stands_on;  // the other generations that it names
};
PackedSection PackSection(std::string_view content, uint64_t generation, const StoredSection* before);

// DataLoss: not that. Sums of pieces that stand here are checked.
absl::StatusOr<StoredSection> ParseSection(std::string_view stored, uint64_t generation);

}  // namespace datong::index
