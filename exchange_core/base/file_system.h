// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace datong::base {

// The file layer under everything that must survive: engine segments, checkpoints, sinks. Production uses the POSIX
// one; tests put decorators in front of it (a quota, a power cut that forgets what was not synced).
//
// What is durable: bytes of a file after its Sync(); a name (created, renamed, removed) after SyncDirectory() of its
// folder. Errors: NotFound, AlreadyExists, PermissionDenied, ResourceExhausted (disk full or quota), Unavailable and
// DataLoss for I/O errors; every message names the path and the system's own words. Thread-safe unless a class says
// otherwise.

// One writer appends. Not thread-safe.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // Appends all of `data` or fails; after a failure the file may hold part of it beyond Size().
  virtual absl::Status Append(std::string_view data) = 0;
  virtual absl::Status Sync() = 0;  // fdatasync
  virtual absl::Status Close() = 0;
  virtual uint64_t Size() const = 0;  // bytes appended successfully, including those present when opened
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Reads up to `size` bytes at `offset` into `out`; returns how many (fewer only at the end of the file). Thread-safe.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) = 0;
  virtual absl::StatusOr<uint64_t> Size() = 0;
};

// Held until destroyed or until the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct DiskSpace {
  uint64_t free_bytes = 0;  // for this process
  uint64_t total_bytes = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Opens for appending, creating the file when it is missing.
  virtual absl::StatusOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) = 0;
  virtual absl::Status Truncate(const std::string& path, uint64_t size) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;  // replaces `to` atomically
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status MakeDirectories(const std::string& path) = 0;  // like mkdir -p
  virtual absl::StatusOr<std::vector<std::string>> List(
      const std::string& directory) = 0;  // names, sorted, no . and ..
  virtual absl::StatusOr<bool> Exists(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // Of the disk that `path` is on.
  virtual absl::StatusOr<DiskSpace> Space(const std::string& path) = 0;
  // Takes an exclusive lock on `path` (created when missing), or says FailedPrecondition at once when another process
  // (or another holder in this one) has it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

FileSystem& PosixFileSystem();

// The whole file as one string; `bytes_max` guards against reading what was never meant to fit in memory.
absl::StatusOr<std::string> ReadWholeFile(FileSystem& files, const std::string& path, uint64_t bytes_max);

// Writes `path`.tmp, syncs it, renames it over `path`, syncs the folder: after OK the new content survives a power cut,
// and at no moment does a reader see half of it.
absl::Status WriteWholeFileAtomically(FileSystem& files, const std::string& path, std::string_view content);

// Makes the names of all folders on the way to `directory` durable, its own included: MakeDirectories() makes them, and
// nothing but this secures them. Also for folders that were there: a start before this one may have made them and died.
// Errors: those of the parent folder; further up, a folder that may not be synced was not made by us.
absl::Status SyncWayTo(FileSystem& files, const std::string& directory);

}  // namespace datong::base
