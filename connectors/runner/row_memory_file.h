// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/record/record_batch.h"

// What the rows of a source's last full dump became, in the order of that dump: signature -> claim (row_signature.h).
// The next dump is read along with it (remembered_rows.h), so that a row that stands in both need not be made into a
// record to know its key and fingerprint, and writes its own (row_recorder.h). It is a memory of a pure function:
// whatever is lost, old or damaged costs time and changes no claim. One file, so that memory does not grow with the
// dump; chunks carry checksums, nothing is synced.
//
// file  := magic version(2) zero(2) meaning(16) chunk*
// chunk := rows(4) flags(4) xxh3(8) of what follows: signature[16] key[16] fingerprint[16] (version[8] event_time[8])
// Numbers are little-endian, columns stand one behind the other.
namespace datong::runner {

constexpr size_t kRememberedChunkRows = 4096;

struct RememberedChunk {
  std::vector<base::Digest> signature;
  record::RecordClaims claims;
  size_t size() const { return signature.size(); }
  void clear() {
    signature.clear();
    claims.clear();
  }
};

// What a file begins with whose claims follow from rows in this way.
std::string RowMemoryHeader(const base::Digest& meaning);

// `buffer` becomes the chunk's bytes; not empty, and at most kRememberedChunkRows.
void EncodeRememberedChunk(const RememberedChunk& chunk, std::string& buffer);

// The chunk at `offset`, which moves behind it; nullopt: there is none, or it is damaged. `buffer` is scratch.
std::optional<RememberedChunk> ReadRememberedChunk(base::RandomAccessFile& file, uint64_t& offset, std::string& buffer);

}  // namespace datong::runner
