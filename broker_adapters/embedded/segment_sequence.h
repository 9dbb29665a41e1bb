// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker_adapters/embedded/segment_block.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

// What is true of one segment by the last commit.
struct SegmentState {
  uint64_t end = 0;         // bytes that count; what lies behind was never committed
  uint64_t references = 0;  // message rows that need its blocks

  friend bool operator==(const SegmentState&, const SegmentState&) = default;
};

// The segment files of one topic kind, as a sequence of changes: stage (append, add and drop references), then Accept()
// or Reject(). Truth is what the rows say, so a staged change is written to them between the two by the engine. Used by
// one thread at a time.
class SegmentSequence {
 public:
  // `synced` goes into every block's header: the commits are meant to survive a power cut.
  SegmentSequence(base::FileSystem& files, std::string directory, broker::TopicKind kind, uint64_t segment_bytes_max,
                  bool synced);

  // Holds the files present against `committed`: a missing or short one is DataLoss, and so is one that holds blocks of
  // commits that the rows have forgotten. Then cuts what lies behind the committed ends and removes files nobody knows.
  // `sequence` is the last commit in the rows.
  absl::Status Recover(std::map<uint32_t, SegmentState> committed, uint32_t next_number,
                       const std::vector<uint32_t>& present, uint64_t sequence);

  // --- staging ---
  // May stay in memory until Write(). ResourceExhausted: Reject() and go on.
  absl::StatusOr<BlockLocation> Append(std::string_view bytes, uint64_t sequence);
  bool Contains(uint32_t segment) const { return committed_.contains(segment) || staged_.contains(segment); }
  void AddReference(uint32_t segment) { ++Staged(segment).references; }
  void DropReference(uint32_t segment);
  absl::Status Write();
  absl::Status Sync();

  // The staged segments as they would be after Accept(); no state means the segment is needed by nobody and goes away.
  using Changed = std::vector<std::pair<uint32_t, std::optional<SegmentState>>>;
  Changed StagedRows() const;
  bool staged() const { return !staged_.empty(); }
  uint32_t next_number() const { return next_number_; }

  // The staged change is in the rows. Returns the segments nobody needs; RemoveFile() them once that is durable.
  std::vector<uint32_t> Accept();
  // Forgets the staged change and cuts the files back. An error leaves the files in an unknown state.
  absl::Status Reject();
  absl::Status RemoveFile(uint32_t segment);

 private:
  std::string PathOf(uint32_t segment) const;
  SegmentState& Staged(uint32_t segment);
  absl::Status StartSegment();
  absl::Status CheckPresent(uint32_t segment, const SegmentState& state, uint64_t sequence);
  absl::Status CheckTail(base::RandomAccessFile& file, const std::string& path, uint64_t from, uint64_t size,
                         uint64_t sequence);
  absl::Status RemoveUnknown(const std::vector<uint32_t>& present, uint64_t sequence);
  bool Unneeded(uint32_t segment, const SegmentState& state) const {
    return state.references == 0 && segment != active_number_;
  }

  base::FileSystem& files_;
  const std::string directory_;
  const broker::TopicKind kind_;
  const uint64_t segment_bytes_max_;
  const bool synced_;

  std::map<uint32_t, SegmentState> committed_;
  std::map<uint32_t, SegmentState> staged_;
  uint32_t next_number_ = 1;
  uint32_t active_number_ = 0;  // 0 = none yet
  std::unique_ptr<base::AppendFile> active_;
  std::string unwritten_;                                  // behind active_->Size()
  std::vector<std::unique_ptr<base::AppendFile>> rolled_;  // left in this change, not synced yet
  std::vector<uint32_t> created_;                          // in this change
  uint32_t committed_active_ = 0;
  uint32_t committed_next_ = 1;
  bool touched_ = false;  // the active file was written in this change
};

}  // namespace datong::embedded
