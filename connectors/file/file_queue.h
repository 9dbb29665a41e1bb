// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "connectors/file/file_source.h"
#include "connectors/file/resume_position.h"

namespace datong::file {

std::string BaseName(const std::string& path);

// Which file comes next: of the declared paths, or of a watched directory in name order. Not thread-safe.
class FileQueue {
 public:
  // Both must outlive it.
  FileQueue(const FileSourceOptions& options, base::FileSystem& files) : options_(options), files_(files) {}

  bool watches() const { return !options_.directory.empty(); }
  // Goes on where the position stands; without one, at the first file.
  void GoOnFrom(const std::optional<ResumePosition>& position);
  // The path of the next file; nullopt when there is none (now, if watching).
  absl::StatusOr<std::optional<std::string>> Next();
  void Finished();  // the file Next named is behind us
  uint64_t index() const { return next_; }

 private:
  bool Matches(const std::string& name) const;

  const FileSourceOptions& options_;
  base::FileSystem& files_;
  size_t next_ = 0;    // paths
  std::string after_;  // directory: names up to this one are behind us
  std::string at_;     // directory: the name Next gave; it stays next until Finished
};

}  // namespace datong::file
