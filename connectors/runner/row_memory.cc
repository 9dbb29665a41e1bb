// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/row_memory.h"

#define XXH_INLINE_ALL  // rows are short: a call for each would cost as much as its sum
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "exchange_core/base/little_endian.h"

namespace datong::runner {
namespace {

// file  := magic version(2) zero(2) meaning(16) chunk*
// chunk := rows(4) flags(4) xxh3(8) of what follows: signature[16] key[16] fingerprint[16] (version[8] event_time[8])
// Numbers are little-endian, columns stand one behind the other.
constexpr std::string_view kMagic = "DTRM";
constexpr uint16_t kVersion = 1;
constexpr size_t kFileHeaderBytes = 24;
constexpr size_t kChunkHeaderBytes = 16;
constexpr uint32_t kHasTimes = 1;  // versions and event times; else all are 0
constexpr size_t kChunkRows = 4096;
constexpr size_t kChunksBehind = 8;  // the cursor: rows that changed places, and all that stands behind many new ones
constexpr size_t kWindowChunks = 16;
constexpr size_t kNearRows = 16;  // so far a row is looked for by hand: one or a few rows changed, came or went

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

size_t EqualAtFront(std::span<const base::Digest> a, std::span<const base::Digest> b) {
  const auto most = static_cast<ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin());
}

std::string FileHeader(const base::Digest& meaning) {
  std::string header(kMagic);
  base::PutFixed(header, kVersion);
  base::PutFixed(header, uint16_t{0});
  base::PutFixed(header, meaning);
  return header;
}

}  // namespace

base::Digest MeaningOf(const client::ResourceInfo& resource, const ColumnMap& columns) {
  const record::RecordSchema& schema = resource.schema;
  std::string text = "row memory 2";  // another number when SignRows changes
  const auto number = [&](uint64_t value) { base::PutVarint(text, value); };
  number(schema.resource_id);
  number(schema.version);
  number(static_cast<uint64_t>(schema.kind));
  number(schema.items.size());
  for (size_t i = 0; i < schema.items.size(); ++i) {
    const record::Item& item = schema.items[i];
    base::PutBytes(text, item.name);
    number(item.field_number);
    number(static_cast<uint64_t>(item.type));
    for (const bool rule :
         {item.compared, item.empty_is_value, item.required, item.ignore_case, item.ignore_spaces, item.ignore_width}) {
      number(rule ? 1 : 0);
    }
    number(columns.column_of_item[i]);
  }
  for (const std::vector<uint32_t>& some : {schema.key_items, schema.id_items}) {
    number(some.size());
    for (const uint32_t item : some) number(item);
  }
  number(static_cast<uint64_t>(schema.version_item + 1));
  number(static_cast<uint64_t>(schema.event_time_item + 1));
  number(resource.domain_key.id);
  return base::KeyedDigest(resource.domain_key, text);
}

void SignRows(const sdk::RowBatch& rows, std::vector<base::Digest>& signatures) {
  signatures.resize(rows.rows());
  for (size_t row = 0; row < rows.rows(); ++row) {
    const std::string_view memory = rows.memory(row);
    const std::string_view places = rows.places(row);
    const XXH128_hash_t content = XXH3_128bits(memory.data(), memory.size());
    signatures[row] = {content.low64, XXH3_64bits_withSeed(places.data(), places.size(), content.high64)};
  }
}

RowMemory::RowMemory(base::FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)), path_of_next_(path_ + ".next") {}

RowMemory::~RowMemory() = default;

void RowMemory::BeginUnit(const base::Digest& meaning, bool from_first_row) {
  last_ = nullptr;
  known_.clear();
  by_signature_.clear();
  cursor_chunk_ = cursor_ = misses_ = 0;
  const std::string header = FileHeader(meaning);
  if (auto last = files_.OpenRead(path_); last.ok()) {
    char found[kFileHeaderBytes];
    const auto got = (*last)->ReadAt(0, sizeof found, found);
    if (got.ok() && std::string_view(found, *got) == header) {
      last_ = *std::move(last);
      last_offset_ = kFileHeaderBytes;
      FillWindow();
    }
  }
  StopWriting();
  if (!from_first_row) return;
  auto next = files_.OpenAppend(path_of_next_);
  if (!next.ok()) return;
  next_ = *std::move(next);
  if (next_->Size() != 0 || !next_->Append(header).ok()) StopWriting();
}

void RowMemory::Recall(std::span<const base::Digest> signatures, record::RecordClaims& claims,
                       std::vector<uint8_t>& known) {
  claims.resize(signatures.size());
  known.assign(signatures.size(), 0);
  for (size_t row = 0; row < signatures.size() && !known_.empty();) {
    const Chunk& chunk = known_[cursor_chunk_];
    const size_t same = EqualAtFront(signatures.subspan(row), std::span(chunk.signature).subspan(cursor_));
    if (same == 0) {
      if (!Search(signatures[row])) ++row;
      continue;
    }
    claims.copy(chunk.claims, cursor_, cursor_ + same, row);
    std::fill_n(known.begin() + static_cast<ptrdiff_t>(row), same, uint8_t{1});
    row += same;
    cursor_ += same;
    misses_ = 0;
    if (cursor_ == chunk.size()) StepIntoNextChunk();
  }
}

bool RowMemory::Search(const base::Digest& signature) {
  size_t chunk = cursor_chunk_, i = cursor_;
  for (size_t looked = 0; looked < kNearRows; ++looked) {
    if (++i == known_[chunk].size()) {
      if (++chunk == known_.size()) break;
      i = 0;
    }
    if (known_[chunk].signature[i] != signature) continue;
    cursor_chunk_ = chunk;
    cursor_ = i;
    return true;
  }
  if (++misses_ <= kNearRows) return false;
  // Nothing was found for a while: rows moved, or many came or went.
  if (by_signature_.empty()) {
    for (uint32_t c = 0; c < known_.size(); ++c) {
      for (uint32_t r = 0; r < known_[c].size(); ++r) by_signature_.try_emplace(known_[c].signature[r], c, r);
    }
  }
  const auto found = by_signature_.find(signature);
  if (found == by_signature_.end()) {
    if (misses_ % kChunkRows == 0) StepIntoNextChunk();
    return false;
  }
  std::tie(cursor_chunk_, cursor_) = found->second;
  return true;
}

void RowMemory::StepIntoNextChunk() {
  cursor_ = 0;
  ++cursor_chunk_;
  while (cursor_chunk_ > kChunksBehind) {
    known_.pop_front();
    --cursor_chunk_;
    by_signature_.clear();
    FillWindow();
  }
  if (cursor_chunk_ == known_.size()) {  // all of the last dump was seen
    known_.clear();
    cursor_chunk_ = 0;
  }
}

void RowMemory::FillWindow() {
  while (last_ != nullptr && known_.size() < kWindowChunks) {
    if (std::optional<Chunk> chunk = ReadChunk()) {
      known_.push_back(*std::move(chunk));
    } else {
      last_ = nullptr;
    }
  }
}

std::optional<RowMemory::Chunk> RowMemory::ReadChunk() {
  char header[kChunkHeaderBytes];
  auto got = last_->ReadAt(last_offset_, sizeof header, header);
  if (!got.ok() || *got != sizeof header) return std::nullopt;
  base::ByteReader reader({header, sizeof header});
  const auto rows = reader.Fixed<uint32_t>();
  const auto flags = reader.Fixed<uint32_t>();
  const auto checksum = reader.Fixed<uint64_t>();
  if (rows == 0 || rows > kChunkRows || flags > kHasTimes) return std::nullopt;
  buffer_.resize(rows * RowBytes(flags));
  got = last_->ReadAt(last_offset_ + sizeof header, buffer_.size(), buffer_.data());
  if (!got.ok() || *got != buffer_.size() || XXH3_64bits(buffer_.data(), buffer_.size()) != checksum) {
    return std::nullopt;
  }
  last_offset_ += sizeof header + buffer_.size();
  std::string_view from = buffer_;
  Chunk chunk;
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

void RowMemory::Remember(std::span<const base::Digest> signatures, const record::RecordClaims& claims,
                         std::span<const uint8_t> known) {
  for (size_t row = 0; row < signatures.size() && next_ != nullptr;) {
    const size_t room = std::min(signatures.size() - row, kChunkRows - filling_.size());
    size_t run = 0;
    while (run < room && known[row + run] != 0) ++run;
    if (run == 0) {
      ++row;
      continue;
    }
    const std::span part = signatures.subspan(row, run);
    filling_.signature.insert(filling_.signature.end(), part.begin(), part.end());
    filling_.claims.append(claims, row, row + run);
    row += run;
    if (filling_.size() == kChunkRows) WriteChunk();
  }
}

void RowMemory::WriteChunk() {
  const auto is_set = [](int64_t value) { return value != 0; };
  const bool has_times = std::any_of(filling_.claims.version.begin(), filling_.claims.version.end(), is_set) ||
                         std::any_of(filling_.claims.event_time.begin(), filling_.claims.event_time.end(), is_set);
  buffer_.clear();
  buffer_.resize(kChunkHeaderBytes);
  PutColumn(filling_.signature, buffer_);
  PutColumn(filling_.claims.key, buffer_);
  PutColumn(filling_.claims.fingerprint, buffer_);
  if (has_times) {
    PutColumn(filling_.claims.version, buffer_);
    PutColumn(filling_.claims.event_time, buffer_);
  }
  std::string header;
  base::PutFixed(header, static_cast<uint32_t>(filling_.size()));
  base::PutFixed(header, has_times ? kHasTimes : uint32_t{0});
  base::PutFixed(header, uint64_t{XXH3_64bits(buffer_.data() + kChunkHeaderBytes, buffer_.size() - kChunkHeaderBytes)});
  buffer_.replace(0, kChunkHeaderBytes, header);
  filling_.clear();
  if (!next_->Append(buffer_).ok()) StopWriting();
}

void RowMemory::StopWriting() {
  next_ = nullptr;
  filling_.clear();
  // What could not be removed is not empty when it is opened next, and that ends the remembering too.
  files_.Remove(path_of_next_).IgnoreError();
}

void RowMemory::EndUnit(bool complete) {
  last_ = nullptr;
  known_.clear();
  by_signature_.clear();
  if (complete && next_ != nullptr && filling_.size() != 0) WriteChunk();
  if (complete && next_ != nullptr && next_->Close().ok()) {
    next_ = nullptr;
    files_.Rename(path_of_next_, path_).IgnoreError();
  }
  StopWriting();
}

}  // namespace datong::runner
