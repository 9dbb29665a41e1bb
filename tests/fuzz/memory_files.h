// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "exchange_core/base/file_system.h"

namespace datong::fuzz {

// Files that are strings, for what is read and written thousands of times a second. Only what decoders need of a file
// system. Not thread-safe.
class MemoryFiles final : public base::FileSystem {
 public:
  std::map<std::string, std::string> files;

  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string& path) override {
    return std::make_unique<Appending>(files[path]);
  }
  absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> OpenRead(const std::string& path) override {
    const auto it = files.find(path);
    if (it == files.end()) return absl::NotFoundError(path);
    return std::make_unique<Reading>(it->second);
  }
  absl::StatusOr<bool> Exists(const std::string& path) override { return files.contains(path); }
  absl::Status Truncate(const std::string&, uint64_t) override { return NotHere(); }
  absl::Status Rename(const std::string&, const std::string&) override { return NotHere(); }
  absl::Status Remove(const std::string&) override { return NotHere(); }
  absl::Status MakeDirectories(const std::string&) override { return NotHere(); }
  absl::StatusOr<std::vector<std::string>> List(const std::string&) override { return NotHere(); }
  absl::Status SyncDirectory(const std::string&) override { return NotHere(); }
  absl::StatusOr<base::DiskSpace> Space(const std::string&) override { return NotHere(); }
  absl::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string&) override { return NotHere(); }

 private:
  static absl::Status NotHere() { return absl::UnimplementedError("files in memory don't do this"); }

  class Appending final : public base::AppendFile {
   public:
    explicit Appending(std::string& bytes) : bytes_(bytes) {}
    absl::Status Append(std::string_view data) override {
      bytes_.append(data);
      return absl::OkStatus();
    }
    absl::Status Sync() override { return absl::OkStatus(); }
    absl::Status Close() override { return absl::OkStatus(); }
    uint64_t Size() const override { return bytes_.size(); }

   private:
    std::string& bytes_;
  };

  class Reading final : public base::RandomAccessFile {
   public:
    explicit Reading(const std::string& bytes) : bytes_(bytes) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) override {
      const std::string_view found = std::string_view(bytes_).substr(std::min<uint64_t>(offset, bytes_.size()), size);
      found.copy(out, found.size());
      return found.size();
    }
    absl::StatusOr<uint64_t> Size() override { return bytes_.size(); }

   private:
    const std::string& bytes_;
  };
};

}  // namespace datong::fuzz
