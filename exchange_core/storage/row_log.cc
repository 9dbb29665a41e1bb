// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/row_log.h"

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>
#include <rocksdb/env.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <utility>

namespace datong::storage {
namespace {

constexpr size_t kLineBytesMax = 4096;
constexpr uint64_t kLogBytesMax = uint64_t{1} << 20;

class RowLog final : public rocksdb::Logger {
 public:
  RowLog(base::FileSystem& files, base::Clock& clock, std::string path)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), files_(files), clock_(clock), path_(std::move(path)) {}
  ~RowLog() override { Close().PermitUncheckedError(); }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char words[kLineBytesMax];
    if (std::vsnprintf(words, sizeof words, format, arguments) < 0) return;
    const absl::Time now = absl::FromUnixMicros(clock_.Now());
    std::string line = absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ ", now, absl::UTCTimeZone()), words);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    line.push_back('\n');
    const std::lock_guard lock(mutex_);
    Write(line);
  }
  void LogHeader(const char*, va_list) override {}  // all options at every start: the OPTIONS file has them

 private:
  rocksdb::Status CloseImpl() override { return rocksdb::Status::OK(); }

  void Write(const std::string& line) {
    if (file_ != nullptr && file_->Size() >= kLogBytesMax) {
      file_->Close().IgnoreError();
      file_.reset();
      files_.Rename(path_, absl::StrCat(path_, ".old.1")).IgnoreError();
    }
    if (file_ == nullptr) {
      auto file = files_.OpenAppend(path_);
      if (!file.ok()) return;
      file_ = *std::move(file);
    }
    file_->Append(line).IgnoreError();
  }

  base::FileSystem& files_;
  base::Clock& clock_;
  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<base::AppendFile> file_;  // under mutex_
};

}  // namespace

std::shared_ptr<rocksdb::Logger> NewRowLog(base::FileSystem& files, base::Clock& clock, const std::string& directory) {
  return std::make_shared<RowLog>(files, clock, absl::StrCat(directory, "/LOG"));
}

}  // namespace datong::storage
