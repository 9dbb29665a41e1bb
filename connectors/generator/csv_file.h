// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/file_system.h"

namespace datong::generator {

struct CsvStyle {
  std::string_view line_end = "\n";
  bool byte_order_mark = false;
};

// Writes one CSV file (RFC 4180), of which a reader sees nothing before Finish: a watching source never finds half a
// file. An existing file is replaced. It is not synced; test data can be made again. Not thread-safe.
class CsvFile {
 public:
  static absl::StatusOr<std::unique_ptr<CsvFile>> Create(base::FileSystem& files, const std::string& path,
                                                         CsvStyle style);

  // Quotes where it must. Values are taken as they are, whatever bytes they hold.
  absl::Status AddRow(const std::vector<std::string>& values);
  absl::Status Finish();
  uint64_t bytes() const { return bytes_; }

 private:
  CsvFile(base::FileSystem& files, std::string path, CsvStyle style, std::unique_ptr<base::AppendFile> file)
      : files_(files), path_(std::move(path)), style_(style), file_(std::move(file)) {}
  absl::Status Flush();

  base::FileSystem& files_;
  const std::string path_;
  const CsvStyle style_;
  std::unique_ptr<base::AppendFile> file_;
  std::string buffer_;
  uint64_t bytes_ = 0;
};

}  // namespace datong::generator
