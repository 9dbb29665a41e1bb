// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/content_window.h"
#include "connectors/file/csv_row_parser.h"
#include "connectors/file/csv_scanner.h"
#include "connectors/file/file_source.h"
#include "connectors/file/row_reader.h"
#include "connectors/file/text_encoding.h"

namespace datong::file {

// A CSV file's rows; where they may be unparsed, only the ends of their records are looked for. `path` is for messages.
// Memory: the window plus at most one record of kRecordBytesMax. A trailer is recognised by looking behind it, and
// place() never moves past it: who goes on from there finds it again.
class CsvReader final : public RowReader {
 public:
  CsvReader(std::unique_ptr<ByteStream> content, std::string path, const FileSourceOptions& options, Encoding encoding,
            char delimiter);

  sdk::Status Begin(Progress& progress) override;
  sdk::Status SkipTowards(const Place& place, Progress& progress) override;
  sdk::Status ReadRows(size_t rows_max, size_t bytes_max, sdk::RowBatch& rows, Progress& progress) override;
  const std::vector<std::string>& columns() const override { return *columns_; }
  std::string reading() const override;
  Place place() const override { return place_; }
  uint64_t stored_bytes_read() const override { return window_.stored_bytes_read(); }

 private:
  enum class Next { kRecord, kTooLarge, kEnd, kOpenQuote, kPause, kBroken };

  Next FindRecord(bool with_fields);
  Next SkipTooLarge();
  sdk::Status TakeNames(std::string_view record);
  void AppendRow(std::string_view record, bool unparsed, sdk::RowBatch& rows);
  void AppendTooLarge(sdk::RowBatch& rows);
  enum class Last { kYes, kNo, kBroken };
  bool HasTrailerText();
  Last IsLastRecord();
  sdk::Status TakeTrailer();
  bool IsCutShort() const;
  sdk::Status CutOff(const std::string& how, const std::string& next) const;
  sdk::Status OpenQuote() const;
  sdk::Status ShortRow() const;

  ContentWindow window_;
  const std::string path_;
  const FileSourceOptions& options_;
  TextDecoder decoder_;
  CsvScanner scanner_;
  std::string trailer_;  // in the file's encoding; "" = none is declared
  CsvRowParser::Columns columns_;
  std::optional<CsvRowParser> parser_;  // once the names are known
  std::string decoded_, scratch_;
  Place place_;
  uint32_t titles_left_;
  bool begun_ = false;  // the byte order mark is behind us
  bool names_known_ = false;
  uint64_t too_large_bytes_ = 0;  // of the record being skipped; 0 = none is
  std::string too_large_head_;
};

}  // namespace datong::file
