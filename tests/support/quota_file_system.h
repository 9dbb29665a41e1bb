// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange_core/base/file_system.h"
#include "exchange_core/base/status_macros.h"

namespace datong::tests {

// A disk of settable size in front of another file system: an append beyond what is left writes what still fits, as a
// real disk does, and fails with ResourceExhausted. Removing and truncating give nothing back; the test sets what is
// left. Syncs can be made to fail as well, and two openings to read. Thread-safe as far as `below` is.
class QuotaFileSystem final : public base::FileSystem {
 public:
  explicit QuotaFileSystem(base::FileSystem& below) : below_(below) {}

  void SetBytesLeft(uint64_t bytes) { left_.store(bytes); }
  void SetUnlimited() { left_.store(kUnlimited); }
  void FailSyncs(bool fail) { syncs_fail_.store(fail); }
  // The n-th opening to read from now on fails as when too many files are open, and the one behind it.
  void FailTwoOpenings(int n) { openings_left_.store(n); }
  bool HasFailedOpenings() const { return openings_left_.load() == kOpeningsFailed; }

  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, below_.OpenAppend(path));
    return std::make_unique<QuotaFile>(*this, path, std::move(file));
  }
  absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> OpenRead(const std::string& path) override {
    // 1 and 0 fail; what is below counts no further.
    if (openings_left_.load() > kOpeningsFailed && openings_left_.fetch_sub(1) <= 1) {
      return absl::UnavailableError(absl::StrCat(path, ": cannot open: Too many open files"));
    }
    return below_.OpenRead(path);
  }
  absl::Status Truncate(const std::string& path, uint64_t size) override { return below_.Truncate(path, size); }
  absl::Status Rename(const std::string& from, const std::string& to) override { return below_.Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return below_.Remove(path); }
  absl::Status MakeDirectories(const std::string& path) override { return below_.MakeDirectories(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return below_.List(directory);
  }
  absl::StatusOr<bool> Exists(const std::string& path) override { return below_.Exists(path); }
  absl::Status SyncDirectory(const std::string& path) override { return below_.SyncDirectory(path); }
  absl::StatusOr<base::DiskSpace> Space(const std::string& path) override {
    ASSIGN_OR_RETURN(base::DiskSpace space, below_.Space(path));
    if (left_.load() != kUnlimited) space.free_bytes = left_.load();
    return space;
  }
  absl::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string& path) override { return below_.Lock(path); }

 private:
  static constexpr uint64_t kUnlimited = ~uint64_t{0};
  static constexpr int kOpeningsFailed = -1;

  class QuotaFile final : public base::AppendFile {
   public:
    QuotaFile(QuotaFileSystem& disk, std::string path, std::unique_ptr<base::AppendFile> file)
        : disk_(disk), path_(std::move(path)), file_(std::move(file)), size_(file_->Size()) {}

    absl::Status Append(std::string_view data) override {
      const uint64_t granted = disk_.Take(data.size());
      if (granted == data.size()) {
        RETURN_IF_ERROR(Settle());
        RETURN_IF_ERROR(file_->Append(data));
        size_ = file_->Size();
        return absl::OkStatus();
      }
      if (granted > 0) RETURN_IF_ERROR(file_->Append(data.substr(0, granted)));
      return absl::ResourceExhaustedError(absl::StrCat(path_, ": cannot write: No space left on device (quota)"));
    }
    absl::Status Sync() override {
      if (disk_.syncs_fail_.load())
        return absl::DataLossError(absl::StrCat(path_, ": cannot sync: Input/output error"));
      return file_->Sync();
    }
    absl::Status Close() override { return file_->Close(); }
    uint64_t Size() const override { return size_; }

   private:
    // What a refused append left behind is taken away before the next one, so that it lands at Size().
    absl::Status Settle() {
      if (file_->Size() == size_) return absl::OkStatus();
      RETURN_IF_ERROR(file_->Close());
      RETURN_IF_ERROR(disk_.below_.Truncate(path_, size_));
      ASSIGN_OR_RETURN(file_, disk_.below_.OpenAppend(path_));
      return absl::OkStatus();
    }

    QuotaFileSystem& disk_;
    const std::string path_;
    std::unique_ptr<base::AppendFile> file_;
    uint64_t size_;
  };

  uint64_t Take(uint64_t wanted) {
    uint64_t left = left_.load();
    while (left != kUnlimited) {
      const uint64_t granted = std::min(left, wanted);
      if (left_.compare_exchange_weak(left, left - granted)) return granted;
    }
    return wanted;
  }

  base::FileSystem& below_;
  std::atomic<uint64_t> left_{kUnlimited};
  std::atomic<bool> syncs_fail_{false};
  std::atomic<int> openings_left_{kOpeningsFailed};
};

}  // namespace datong::tests
