// SPDX-License-Identifier: Apache-2.0
#include "connectors/generator/csv_file.h"

#include "exchange_core/base/status_macros.h"

namespace datong::generator {
namespace {

constexpr size_t kFlushBytes = size_t{1} << 20;

void AppendValue(std::string_view value, std::string& to) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    to += value;
    return;
  }
  to += '"';
  for (char c : value) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

std::string TemporaryName(const std::string& path) { return path + ".tmp"; }

}  // namespace

absl::StatusOr<std::unique_ptr<CsvFile>> CsvFile::Create(base::FileSystem& files, const std::string& path,
                                                         CsvStyle style) {
  // What an interrupted run left would otherwise be appended to.
  ASSIGN_OR_RETURN(const bool left_over, files.Exists(TemporaryName(path)));
  if (left_over) RETURN_IF_ERROR(files.Remove(TemporaryName(path)));
  ASSIGN_OR_RETURN(auto file, files.OpenAppend(TemporaryName(path)));
  auto created = std::unique_ptr<CsvFile>(new CsvFile(files, path, style, std::move(file)));
  if (style.byte_order_mark) created->buffer_ = "\xEF\xBB\xBF";
  return created;
}

absl::Status CsvFile::AddRow(const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) buffer_ += ',';
    AppendValue(values[i], buffer_);
  }
  buffer_ += style_.line_end;
  return buffer_.size() >= kFlushBytes ? Flush() : absl::OkStatus();
}

absl::Status CsvFile::Finish() {
  RETURN_IF_ERROR(Flush());
  RETURN_IF_ERROR(file_->Close());
  return files_.Rename(TemporaryName(path_), path_);
}

absl::Status CsvFile::Flush() {
  bytes_ += buffer_.size();
  RETURN_IF_ERROR(file_->Append(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

}  // namespace datong::generator
