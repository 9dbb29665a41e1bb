// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/row_memory_file.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "exchange_core/base/little_endian.h"

namespace datong::runner {
namespace {

constexpr std::string_view kMagic = "DTRM";
constexpr uint16_t kVersion = 1;
constexpr size_t kChunkHeaderBytes = 16;
constexpr uint32_t kHasTimes = 1;  // versions and event times; else all are 0

size_t RowBytes(uint32_t flags) { return 3 * sizeof(base::Digest) + ((flags & kHasTimes) != 0 ? 16 : 0); }

template <typename T>
void PutColumn(const std::vector<T>& column, std::string& out) {
  out.append(reinterpret_cast<const char*>(column.data()), column.size() * sizeof(T));
}

template <typename T>
void TakeColumn(std::string_view& from, size_t rows, std::vector<T>& column) {
  column.resize(rows);
  std::memcpy(column.data(), from.data(), rows * sizeof(T));
  from.remove_prefix(rows * sizeof(T));
}

}  // namespace

std::string RowMemoryHeader(const base::Digest& meaning) {
  std::string header(kMagic);
  base::PutFixed(header, kVersion);
  base::PutFixed(header, uint16_t{0});
  base::PutFixed(header, meaning);
  return header;
}

void EncodeRememberedChunk(const RememberedChunk& chunk, std::string& buffer) {
  const record::RecordClaims& claims = chunk.claims;
  const auto is_set = [](int64_t value) { return value != 0; };
  const bool has_times = std::any_of(claims.version.begin(), claims.version.end(), is_set) ||
                         std::any_of(claims.event_time.begin(), claims.event_time.end(), is_set);
  buffer.clear();
  buffer.resize(kChunkHeaderBytes);
  PutColumn(chunk.signature, buffer);
  PutColumn(claims.key, buffer);
  PutColumn(claims.fingerprint, buffer);
  if (has_times) {
    PutColumn(claims.version, buffer);
    PutColumn(claims.event_time, buffer);
  }
  std::string header;
  base::PutFixed(header, static_cast<uint32_t>(chunk.size()));
  base::PutFixed(header, has_times ? kHasTimes : uint32_t{0});
  base::PutFixed(header, uint64_t{XXH3_64bits(buffer.data() + kChunkHeaderBytes, buffer.size() - kChunkHeaderBytes)});
  buffer.replace(0, kChunkHeaderBytes, header);
}

std::optional<RememberedChunk> ReadRememberedChunk(base::RandomAccessFile& file, uint64_t& offset,
                                                   std::string& buffer) {
  char header[kChunkHeaderBytes];
  auto got = file.ReadAt(offset, sizeof header, header);
  if (!got.ok() || *got != sizeof header) return std::nullopt;
  base::ByteReader reader({header, sizeof header});
  const auto rows = reader.Fixed<uint32_t>();
  const auto flags = reader.Fixed<uint32_t>();
  const auto checksum = reader.Fixed<uint64_t>();
  if (rows == 0 || rows > kRememberedChunkRows || flags > kHasTimes) return std::nullopt;
  buffer.resize(rows * RowBytes(flags));
  got = file.ReadAt(offset + sizeof header, buffer.size(), buffer.data());
  if (!got.ok() || *got != buffer.size() || XXH3_64bits(buffer.data(), buffer.size()) != checksum) return std::nullopt;
  offset += sizeof header + buffer.size();
  std::string_view from = buffer;
  RememberedChunk chunk;
  TakeColumn(from, rows, chunk.signature);
  TakeColumn(from, rows, chunk.claims.key);
  TakeColumn(from, rows, chunk.claims.fingerprint);
  if ((flags & kHasTimes) != 0) {
    TakeColumn(from, rows, chunk.claims.version);
    TakeColumn(from, rows, chunk.claims.event_time);
  } else {
    chunk.claims.version.assign(rows, 0);
    chunk.claims.event_time.assign(rows, 0);
  }
  return chunk;
}

}  // namespace datong::runner
