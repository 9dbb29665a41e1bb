// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/remembered_rows.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace datong::runner {
namespace {

constexpr size_t kChunksBehind = 8;  // the cursor: rows that changed places, and all that stands behind many new ones
constexpr size_t kWindowChunks = 16;
constexpr size_t kNearRows = 16;  // so far a row is looked for by hand: one or a few rows changed, came or went

size_t EqualAtFront(std::span<const base::Digest> a, std::span<const base::Digest> b) {
  const auto most = static_cast<ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin());
}

}  // namespace

RememberedRows::RememberedRows(base::FileSystem& files, const std::string& path, const base::Digest& meaning) {
  const std::string header = RowMemoryHeader(meaning);
  if (auto last = files.OpenRead(path); last.ok()) {
    std::string found(header.size(), '\0');
    const auto got = (*last)->ReadAt(0, found.size(), found.data());
    if (got.ok() && std::string_view(found).substr(0, *got) == header) {
      last_ = *std::move(last);
      last_offset_ = header.size();
      FillWindow();
    }
  }
}

void RememberedRows::Recall(std::span<const base::Digest> signatures, record::RecordClaims& claims,
                            std::vector<uint8_t>& known) {
  claims.resize(signatures.size());
  known.assign(signatures.size(), 0);
  for (size_t row = 0; row < signatures.size() && !known_.empty();) {
    const RememberedChunk& chunk = known_[cursor_chunk_];
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

bool RememberedRows::Search(const base::Digest& signature) {
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
    if (misses_ % kRememberedChunkRows == 0) StepIntoNextChunk();
    return false;
  }
  std::tie(cursor_chunk_, cursor_) = found->second;
  return true;
}

void RememberedRows::StepIntoNextChunk() {
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

void RememberedRows::FillWindow() {
  while (last_ != nullptr && known_.size() < kWindowChunks) {
    if (std::optional<RememberedChunk> chunk = ReadRememberedChunk(*last_, last_offset_, buffer_)) {
      known_.push_back(*std::move(chunk));
    } else {
      last_ = nullptr;
    }
  }
}

}  // namespace datong::runner
