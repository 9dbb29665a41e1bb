// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/segment_sequence.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"

namespace datong::embedded {
namespace {

// Blocks below this are gathered into one write; larger ones go to the file directly instead of being copied once more.
constexpr size_t kGatherBytesMax = size_t{32} << 10;
constexpr size_t kUnwrittenBytesMax = size_t{256} << 10;

}  // namespace

SegmentSequence::SegmentSequence(base::FileSystem& files, std::string directory, broker::TopicKind kind,
                                 uint64_t segment_bytes_max, bool synced)
    : files_(files),
      directory_(std::move(directory)),
      kind_(kind),
      segment_bytes_max_(segment_bytes_max),
      synced_(synced) {}

std::string SegmentSequence::PathOf(uint32_t segment) const {
  return absl::StrCat(directory_, "/", SegmentFileName(kind_, segment));
}

// --- start ---

absl::Status SegmentSequence::Recover(std::map<uint32_t, SegmentState> committed, uint32_t next_number,
                                      const std::vector<uint32_t>& present, uint64_t sequence) {
  committed_ = std::move(committed);
  next_number_ = committed_next_ = next_number;
  // Everything is looked at before anything is cut: a directory that lost rows must stay as it was found.
  for (const auto& [segment, state] : committed_) RETURN_IF_ERROR(CheckPresent(segment, state, sequence));
  RETURN_IF_ERROR(RemoveUnknown(present, sequence));
  for (const auto& [segment, state] : committed_) RETURN_IF_ERROR(files_.Truncate(PathOf(segment), state.end));
  if (committed_.empty()) return absl::OkStatus();
  active_number_ = committed_active_ = committed_.rbegin()->first;
  ASSIGN_OR_RETURN(active_, files_.OpenAppend(PathOf(active_number_)));
  return absl::OkStatus();
}

absl::Status SegmentSequence::CheckPresent(uint32_t segment, const SegmentState& state, uint64_t sequence) {
  const std::string path = PathOf(segment);
  auto file = files_.OpenRead(path);
  if (absl::IsNotFound(file.status())) {
    return absl::DataLossError(absl::StrCat(path, ", offset 0: the segment file is missing, and ", state.references,
                                            " messages need it. Restore it from a backup"));
  }
  if (!file.ok()) return file.status();
  ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
  if (size < state.end) {
    return absl::DataLossError(absl::StrCat(path, ", offset ", size, ": the file ends here, but ", state.end,
                                            " bytes were committed. Restore it from a backup"));
  }
  char header[kSegmentHeaderBytes];
  ASSIGN_OR_RETURN(const size_t got, (*file)->ReadAt(0, sizeof header, header));
  RETURN_IF_ERROR(CheckSegmentHeader({header, got}, kind_, segment, path));
  return CheckTail(**file, path, state.end, size, sequence);
}

// Uncommitted blocks are those of the one commit that was under way. A whole block of a later, synced one means that
// rows are lost which were promised to be durable; cutting it off would hide that.
absl::Status SegmentSequence::CheckTail(base::RandomAccessFile& file, const std::string& path, uint64_t from,
                                        uint64_t size, uint64_t sequence) {
  std::string bytes;
  while (from + kBlockHeaderBytes <= size) {
    char head[kBlockHeaderBytes];
    ASSIGN_OR_RETURN(const size_t got, file.ReadAt(from, sizeof head, head));
    BlockHeader header;
    if (got < sizeof head || !ParseBlockHeader({head, sizeof head}, header)) break;
    if (from + kBlockHeaderBytes + header.length > size) break;
    if (header.sequence > sequence + 1 && header.synced) {
      bytes.resize(header.length);
      ASSIGN_OR_RETURN(const size_t read, file.ReadAt(from + kBlockHeaderBytes, bytes.size(), bytes.data()));
      if (read == bytes.size() && BlockChecksum(header, bytes) == header.checksum) {
        return absl::DataLossError(absl::StrCat(path, ", offset ", from, ": a block of commit ", header.sequence,
                                                " stands here, but the row store ends at commit ", sequence,
                                                ": committed rows are lost. Restore the directory from a backup"));
      }
    }
    from += kBlockHeaderBytes + header.length;
  }
  return absl::OkStatus();
}

absl::Status SegmentSequence::RemoveUnknown(const std::vector<uint32_t>& present, uint64_t sequence) {
  std::vector<uint32_t> unknown;
  for (const uint32_t segment : present) {
    if (!committed_.contains(segment)) unknown.push_back(segment);
  }
  for (const uint32_t segment : unknown) {
    if (segment < next_number_) continue;  // its rows are gone on purpose: the stop came before its file was removed
    ASSIGN_OR_RETURN(const auto file, files_.OpenRead(PathOf(segment)));
    ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    RETURN_IF_ERROR(CheckTail(*file, PathOf(segment), kSegmentHeaderBytes, size, sequence));
  }
  // Not made safe: one that a power cut brings back is found here again, and a new one of its name is synced with it.
  for (const uint32_t segment : unknown) RETURN_IF_ERROR(files_.Remove(PathOf(segment)));
  return absl::OkStatus();
}

// --- staging ---

SegmentState& SegmentSequence::Staged(uint32_t segment) {
  const auto [it, fresh] = staged_.try_emplace(segment);
  if (fresh) {
    const auto known = committed_.find(segment);
    if (known != committed_.end()) it->second = known->second;
  }
  return it->second;
}

void SegmentSequence::DropReference(uint32_t segment) {
  SegmentState& state = Staged(segment);
  DATONG_CHECK(state.references > 0);
  --state.references;
}

absl::StatusOr<BlockLocation> SegmentSequence::Append(std::string_view bytes, uint64_t sequence) {
  if (active_ == nullptr || active_->Size() + unwritten_.size() >= segment_bytes_max_) RETURN_IF_ERROR(StartSegment());
  BlockLocation location;
  location.segment = active_number_;
  location.offset = active_->Size() + unwritten_.size();
  location.length = static_cast<uint32_t>(bytes.size());
  location.checksum = PutBlockHeader(unwritten_, bytes, sequence, synced_);
  touched_ = true;
  if (bytes.size() < kGatherBytesMax) {
    unwritten_.append(bytes);
    if (unwritten_.size() > kUnwrittenBytesMax) RETURN_IF_ERROR(Write());
  } else {
    RETURN_IF_ERROR(Write());
    RETURN_IF_ERROR(active_->Append(bytes));
  }
  Staged(active_number_).end = active_->Size() + unwritten_.size();
  return location;
}

absl::Status SegmentSequence::StartSegment() {
  if (active_ != nullptr) {
    RETURN_IF_ERROR(Write());
    Staged(active_number_);  // closed by this change: it may be needed by nobody from now on
    rolled_.push_back(std::move(active_));
  }
  active_number_ = next_number_++;
  created_.push_back(active_number_);
  ASSIGN_OR_RETURN(active_, files_.OpenAppend(PathOf(active_number_)));
  if (active_->Size() != 0) {
    return absl::DataLossError(absl::StrCat(PathOf(active_number_), ": should be new, but holds ", active_->Size(),
                                            " bytes. Another program wrote here"));
  }
  return active_->Append(SegmentHeader(kind_, active_number_));
}

absl::Status SegmentSequence::Write() {
  if (unwritten_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(active_->Append(unwritten_));
  unwritten_.clear();
  return absl::OkStatus();
}

absl::Status SegmentSequence::Sync() {
  for (const auto& file : rolled_) RETURN_IF_ERROR(file->Sync());
  if (touched_) RETURN_IF_ERROR(active_->Sync());
  if (!created_.empty()) RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  return absl::OkStatus();
}

SegmentSequence::Changed SegmentSequence::StagedRows() const {
  Changed rows;
  for (const auto& [segment, state] : staged_) {
    rows.emplace_back(segment, Unneeded(segment, state) ? std::nullopt : std::optional(state));
  }
  return rows;
}

std::vector<uint32_t> SegmentSequence::Accept() {
  std::vector<uint32_t> unneeded;
  for (const auto& [segment, state] : staged_) {
    if (Unneeded(segment, state)) {
      committed_.erase(segment);
      unneeded.push_back(segment);
    } else {
      committed_[segment] = state;
    }
  }
  staged_.clear();
  rolled_.clear();
  created_.clear();
  touched_ = false;
  committed_active_ = active_number_;
  committed_next_ = next_number_;
  return unneeded;
}

absl::Status SegmentSequence::Reject() {
  const bool files_changed = touched_ || !created_.empty();
  staged_.clear();
  rolled_.clear();
  unwritten_.clear();
  touched_ = false;
  if (!files_changed) return absl::OkStatus();
  active_.reset();
  for (const uint32_t segment : created_) {
    const absl::Status removed = files_.Remove(PathOf(segment));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  created_.clear();
  active_number_ = committed_active_;
  next_number_ = committed_next_;
  if (active_number_ == 0) return absl::OkStatus();
  RETURN_IF_ERROR(files_.Truncate(PathOf(active_number_), committed_.at(active_number_).end));
  ASSIGN_OR_RETURN(active_, files_.OpenAppend(PathOf(active_number_)));
  return absl::OkStatus();
}

absl::Status SegmentSequence::RemoveFile(uint32_t segment) { return files_.Remove(PathOf(segment)); }

}  // namespace datong::embedded
