// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/row_recorder.h"

#include <algorithm>
#include <utility>

namespace datong::runner {

RowRecorder::RowRecorder(base::FileSystem& files, std::string path, const base::Digest& meaning, bool from_first_row)
    : files_(files), path_(std::move(path)), path_of_next_(path_ + ".next") {
  Stop();  // who died left his behind
  if (!from_first_row) return;
  auto next = files_.OpenAppend(path_of_next_);
  if (!next.ok()) return;
  next_ = *std::move(next);
  if (next_->Size() != 0 || !next_->Append(RowMemoryHeader(meaning)).ok()) Stop();
}

void RowRecorder::Remember(std::span<const base::Digest> signatures, const record::RecordClaims& claims,
                           std::span<const uint8_t> known) {
  for (size_t row = 0; row < signatures.size() && next_ != nullptr;) {
    const size_t room = std::min(signatures.size() - row, kRememberedChunkRows - filling_.size());
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
    if (filling_.size() == kRememberedChunkRows) WriteChunk();
  }
}

void RowRecorder::WriteChunk() {
  EncodeRememberedChunk(filling_, buffer_);
  filling_.clear();
  if (!next_->Append(buffer_).ok()) Stop();
}

void RowRecorder::Stop() {
  next_ = nullptr;
  filling_.clear();
  // What could not be removed is not empty when it is opened next, and that ends the remembering too.
  files_.Remove(path_of_next_).IgnoreError();
}

void RowRecorder::EndUnit(bool complete) {
  if (complete && next_ != nullptr && filling_.size() != 0) WriteChunk();
  if (complete && next_ != nullptr && next_->Close().ok()) {
    next_ = nullptr;
    // To replace a file would make some file systems write the new one out at once, and this one need not be safe.
    files_.Remove(path_).IgnoreError();
    files_.Rename(path_of_next_, path_).IgnoreError();
  }
  Stop();
}

}  // namespace datong::runner
