// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/file/content_window.h"
#include "connectors/file/file_source.h"
#include "connectors/file/json_line.h"
#include "connectors/file/row_reader.h"
#include "connectors/file/text_encoding.h"

namespace datong::file {

// A JSON lines file's rows. The columns are the declared ones; when none are, Begin reads the whole file once to learn
// the names (in order of appearance), so that a name which first comes late is not lost. Memory: the window plus at
// most one line of kRecordBytesMax.
class JsonLinesReader final : public RowReader {
 public:
  using OpenStream = std::function<absl::StatusOr<std::unique_ptr<ByteStream>>()>;

  JsonLinesReader(std::unique_ptr<ByteStream> content, OpenStream open_again, std::string path,
                  const FileSourceOptions& options, Encoding encoding);

  sdk::Status Begin(Progress& progress) override;
  sdk::Status SkipTowards(const Place& place, Progress& progress) override;
  sdk::Status ReadRows(size_t rows_max, size_t bytes_max, sdk::RowBatch& rows, Progress& progress) override;
  const std::vector<std::string>& columns() const override { return columns_; }
  Place place() const override { return place_; }
  uint64_t stored_bytes_read() const override { return window_->stored_bytes_read(); }
  std::vector<std::string> TakeUnknownColumns() override;

 private:
  enum class Next { kLine, kTooLarge, kEnd, kPause, kBroken };

  Next FindLine(std::string_view& line, size_t& size);
  Next SkipTooLarge();
  sdk::Status BeginContent();
  sdk::Status LearnNames(Progress& progress);
  bool Decode(std::string_view line, std::string_view& utf8);
  void AppendRow(std::string_view line, sdk::RowBatch& rows);
  size_t ColumnOf(std::string_view name, size_t guess) const;
  void AddColumn(std::string_view name);
  bool IsCutShort(std::string_view line, size_t size);

  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  std::unique_ptr<ContentWindow> window_;
  const OpenStream open_again_;
  const std::string path_;
  const bool full_;
  TextDecoder decoder_;
  JsonLine json_;
  std::vector<std::string> columns_;
  std::unordered_map<std::string, size_t, NameHash, std::equal_to<>> column_by_name_;
  std::vector<const JsonLine::Member*> values_;  // per column, of the row at hand
  std::set<std::string, std::less<>> unknown_;   // every unknown name reported so far
  std::vector<std::string> unknown_new_;
  std::string decoded_;
  Place place_;
  bool begun_ = false;
  bool names_known_;
  uint64_t too_large_bytes_ = 0;
  std::string too_large_head_;
};

}  // namespace datong::file
