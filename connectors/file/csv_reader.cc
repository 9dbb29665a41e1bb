// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/csv_reader.h"

#include <gnu/libc-version.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "connectors/file/column_name.h"
#include "connectors/file/world_status.h"
#include "exchange_core/base/limits.h"

namespace datong::file {
namespace {

constexpr size_t kTooLargeHeadBytes = 4096;  // kept of a record that is too large to hold
constexpr uint64_t kSkipBytesPerCall = uint64_t{64} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::unique_ptr<ByteStream> content, std::string path, const FileSourceOptions& options,
                     Encoding encoding, char delimiter)
    : window_(std::move(content)),
      path_(std::move(path)),
      options_(options),
      decoder_(encoding),
      scanner_(delimiter, options.quote, encoding != Encoding::kUtf8 && delimiter >= 0x30),
      columns_(std::make_shared<const std::vector<std::string>>()),
      titles_left_(options.title_lines) {
  TextEncoder(encoding).Append(options.trailer, trailer_);
}

// On kRecord the scanner holds its fields, if they are asked for, and the window still begins with it. kPause: bounded
// work done, call again.
CsvReader::Next CsvReader::FindRecord(bool with_fields) {
  if (too_large_bytes_ != 0) return SkipTooLarge();
  for (;;) {
    const bool at_end = window_.ended() && window_.status().ok();
    switch (with_fields ? scanner_.Next(window_.view(), at_end) : scanner_.NextUnsplit(window_.view(), at_end)) {
      case CsvScanner::Found::kRecord:
        if (scanner_.size() <= base::kRecordBytesMax) return Next::kRecord;
        scanner_.StartSkip();
        return SkipTooLarge();
      case CsvScanner::Found::kBlankLine:
        window_.Consume(scanner_.size());
        continue;
      case CsvScanner::Found::kEnd:
        return Next::kEnd;
      case CsvScanner::Found::kOpenQuote:
        return Next::kOpenQuote;
      case CsvScanner::Found::kNeedMore:
        if (window_.view().size() > base::kRecordBytesMax) {
          scanner_.StartSkip();
          return SkipTooLarge();
        }
        if (!window_.More() && !window_.status().ok()) return Next::kBroken;
    }
  }
}

CsvReader::Next CsvReader::SkipTooLarge() {
  for (uint64_t skipped = 0; skipped < kSkipBytesPerCall;) {
    if (window_.view().empty() && !window_.More()) {
      if (!window_.status().ok()) return Next::kBroken;
      return scanner_.inside_quotes() ? Next::kOpenQuote : Next::kTooLarge;
    }
    const std::string_view text = window_.view();
    const size_t belongs = scanner_.SkipSome(text);
    if (too_large_head_.size() < kTooLargeHeadBytes) {
      too_large_head_.append(text.substr(0, std::min(belongs, kTooLargeHeadBytes - too_large_head_.size())));
    }
    too_large_bytes_ += belongs;
    skipped += belongs;
    window_.Consume(belongs);
    if (scanner_.done()) return Next::kTooLarge;
  }
  return Next::kPause;
}

sdk::Status CsvReader::Begin(Progress& progress) {
  progress = Progress::kMore;
  if (!begun_) {
    while (window_.view().size() < kByteOrderMark.size() && window_.More()) {
    }
    if (!window_.status().ok()) return FromWorld(window_.status());
    if (window_.view().substr(0, kByteOrderMark.size()) == kByteOrderMark) window_.Consume(kByteOrderMark.size());
    begun_ = true;
  }
  while (!names_known_) {
    switch (FindRecord(true)) {
      case Next::kBroken:
        return FromWorld(window_.status());
      case Next::kPause:
        return sdk::Status::Ok();
      case Next::kOpenQuote:
        return OpenQuote();
      case Next::kTooLarge:
        return sdk::Status::Fail("no_header", "the first lines of " + path_ + " are longer than 4 MiB",
                                 "check that this is a CSV file, and its declared delimiter and quote");
      case Next::kEnd:
        return sdk::Status::Fail("no_header", path_ + " holds no " + (options_.header ? "header line" : "row"),
                                 "an empty file is not taken for an empty table; check how it was exported");
      case Next::kRecord:
        break;
    }
    const bool title = titles_left_ > 0;
    if (!title) {
      if (const sdk::Status named = TakeNames(scanner_.record(window_.view())); !named.ok()) return named;
      names_known_ = true;
      parser_.emplace(scanner_, decoder_.encoding(), options_.ragged, columns_);
    }
    if (title) --titles_left_;
    if (title || options_.header) window_.Consume(scanner_.size());
  }
  place_.offset = window_.offset();
  progress = Progress::kDone;
  return sdk::Status::Ok();
}

sdk::Status CsvReader::TakeNames(std::string_view record) {
  decoded_.clear();
  if (!decoder_.Append(record, decoded_)) {
    return sdk::Status::Fail("header_encoding",
                             "the first line of " + path_ + " is not " + EncodingName(decoder_.encoding()),
                             decoder_.encoding() == Encoding::kUtf8 ? "declare the file's encoding: gb18030 or gbk"
                                                                    : "declare the file's encoding: utf-8");
  }
  std::vector<std::string> columns;
  for (const CsvScanner::Field& field : scanner_.fields()) {
    const size_t at = columns.size();
    std::string name;
    if (options_.header) {
      std::string text;
      decoder_.Append(scanner_.Value(field, scratch_), text);
      name = TrimName(text);
    }
    if (name.empty() && at < options_.columns.size()) name = options_.columns[at];
    if (name.empty()) name = "column_" + std::to_string(at + 1);
    columns.push_back(std::move(name));
  }
  // Without a header the declared names say how wide a row is.
  if (!options_.header && !options_.columns.empty()) columns = options_.columns;
  columns_ = std::make_shared<const std::vector<std::string>>(std::move(columns));
  return sdk::Status::Ok();
}

// All that csv_row_parser looks at besides the record, of the columns so only how many they are.
std::string CsvReader::reading() const {
  std::string reading = "csv 1 ";  // another number when records become other rows
  reading.push_back(scanner_.delimiter());
  reading.push_back(options_.quote);
  reading += options_.ragged == RaggedRows::kPad ? " pad " : " exact ";
  reading += std::to_string(columns_->size()) + " " + EncodingName(decoder_.encoding());
  if (decoder_.encoding() != Encoding::kUtf8) reading += std::string(" of glibc ") + gnu_get_libc_version();
  return reading;
}

sdk::Status CsvReader::SkipTowards(const Place& place, Progress& progress) {
  const bool there = window_.SkipTowards(place.offset);
  if (!window_.status().ok()) return FromWorld(window_.status());
  progress = there ? Progress::kDone : Progress::kMore;
  if (there) place_ = place;
  return sdk::Status::Ok();
}

sdk::Status CsvReader::ReadRows(size_t rows_max, size_t bytes_max, sdk::RowBatch& rows, Progress& progress) {
  progress = Progress::kMore;
  const bool unparsed = rows.may_be_unparsed();
  if (unparsed) {
    rows.SetParser(std::make_unique<CsvRowParser>(scanner_, decoder_.encoding(), options_.ragged, columns_));
  }
  const size_t rows_before = rows.rows(), bytes_before = rows.bytes();
  while (rows.rows() - rows_before < rows_max && rows.bytes() - bytes_before < bytes_max) {
    switch (FindRecord(!unparsed || !trailer_.empty())) {
      case Next::kRecord:
        if (HasTrailerText()) {
          const Last last = IsLastRecord();
          if (last == Last::kBroken) return FromWorld(window_.status());
          if (last == Last::kYes) {
            progress = Progress::kDone;
            return TakeTrailer();
          }
        }
        if (IsCutShort()) return ShortRow();
        ++place_.row;
        AppendRow(scanner_.record(window_.view()), unparsed, rows);
        window_.Consume(scanner_.size());
        break;
      case Next::kTooLarge:
        ++place_.row;
        AppendTooLarge(rows);
        break;
      case Next::kPause:
        return sdk::Status::Ok();
      case Next::kEnd:
        if (!trailer_.empty()) {
          return CutOff("ends without its trailer, a last record that begins with \"" + options_.trailer + "\"",
                        "fetch the file again, or take 'trailer' out of its description");
        }
        place_.offset = window_.offset();
        progress = Progress::kDone;
        return sdk::Status::Ok();
      case Next::kOpenQuote:
        return OpenQuote();
      case Next::kBroken:
        return FromWorld(window_.status());
    }
    place_.offset = window_.offset();
  }
  return sdk::Status::Ok();
}

sdk::Status CsvReader::CutOff(const std::string& how, const std::string& next) const {
  return sdk::Status::Fail("cut_off", path_ + " " + how, next);
}

sdk::Status CsvReader::OpenQuote() const {
  return CutOff("ends inside a quoted value that begins in record " + std::to_string(place_.row + 1) + " (byte " +
                    std::to_string(place_.offset) + ")",
                "fetch the file again, or repair the quote of that record");
}

sdk::Status CsvReader::ShortRow() const {
  return CutOff("ends inside record " + std::to_string(place_.row + 1) + " (byte " + std::to_string(place_.offset) +
                    "): it has " + std::to_string(scanner_.fields().size()) + " of " +
                    std::to_string(columns_->size()) + " columns and no line end",
                "fetch the file again; if it is complete, let it end with a line end");
}

// A record that only the end of the content ends may be the front of a longer one. Such a record always has fields.
bool CsvReader::IsCutShort() const {
  return options_.full && scanner_.size() == scanner_.record(window_.view()).size() &&
         scanner_.fields().size() < columns_->size();
}

bool CsvReader::HasTrailerText() {
  return !trailer_.empty() && scanner_.Value(scanner_.fields().front(), scratch_) == trailer_;
}

// Whether nothing but blank lines follows the record at hand, which stays at hand.
CsvReader::Last CsvReader::IsLastRecord() {
  const size_t size = scanner_.size();
  Last last = Last::kNo;
  for (;;) {
    const std::string_view behind = window_.view().substr(size);
    // So many blank lines are no end of a file; and the window must not grow for ever.
    if (behind.find_first_not_of("\r\n") != std::string_view::npos || behind.size() > base::kRecordBytesMax) break;
    if (window_.ended() && window_.status().ok()) {
      last = Last::kYes;
      break;
    }
    if (!window_.More() && !window_.status().ok()) {
      last = Last::kBroken;
      break;
    }
  }
  scanner_.Next(window_.view(), window_.ended() && window_.status().ok());  // the window may have moved in memory
  return last;
}

sdk::Status CsvReader::TakeTrailer() {
  if (scanner_.fields().size() < 2) return sdk::Status::Ok();
  const std::string_view text = scanner_.Value(scanner_.fields()[1], scratch_);
  if (text.empty()) return sdk::Status::Ok();
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (number && count == place_.row) return sdk::Status::Ok();
  std::string said;
  if (!decoder_.Append(text, said)) said = "bytes that do not decode";
  return sdk::Status::Fail("count_mismatch",
                           path_ + " holds " + std::to_string(place_.row) + " rows, its trailer says " + said,
                           "fetch the file again, or ask the department which of the two is right");
}

void CsvReader::AppendRow(std::string_view record, bool unparsed, sdk::RowBatch& rows) {
  if (unparsed) return rows.AddUnparsed(place_.row, record);
  rows.BeginRow(place_.row, record);
  parser_->AddFields(scanner_, record, rows);
  rows.EndRow();
}

void CsvReader::AppendTooLarge(sdk::RowBatch& rows) {
  rows.AddUnreadable(
      place_.row, "too_large",
      "the record at byte " + std::to_string(place_.offset) + " has " + std::to_string(too_large_bytes_) +
          " bytes; a record may have 4 MiB; only its beginning is kept here, the rest stays at the source",
      too_large_head_);
  too_large_bytes_ = 0;
  too_large_head_.clear();
}

}  // namespace datong::file
