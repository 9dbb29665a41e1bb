// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/json_lines_reader.h"

#include <algorithm>
#include <cstring>

#include "connectors/file/world_status.h"
#include "exchange_core/base/limits.h"

namespace datong::file {
namespace {

constexpr size_t kTooLargeHeadBytes = 4096;
constexpr uint64_t kWorkBytesPerCall = uint64_t{32} << 20;
constexpr size_t kUnknownNamesMax = 256;  // a file of random names must not fill memory
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

JsonLinesReader::JsonLinesReader(std::unique_ptr<ByteStream> content, OpenStream open_again, std::string path,
                                 const FileSourceOptions& options, Encoding encoding)
    : window_(std::make_unique<ContentWindow>(std::move(content))),
      open_again_(std::move(open_again)),
      path_(std::move(path)),
      full_(options.full),
      decoder_(encoding),
      names_known_(!options.columns.empty()) {
  for (const std::string& name : options.columns) AddColumn(name);
}

void JsonLinesReader::AddColumn(std::string_view name) {
  if (column_by_name_.find(name) != column_by_name_.end()) return;
  column_by_name_.emplace(name, columns_.size());
  columns_.emplace_back(name);
}

// On kLine the window begins with `line`, which takes `size` bytes with its line end. Blank lines are passed over.
JsonLinesReader::Next JsonLinesReader::FindLine(std::string_view& line, size_t& size) {
  if (too_large_bytes_ != 0) return SkipTooLarge();
  for (size_t searched = 0;;) {
    const std::string_view text = window_->view();
    const size_t end = text.find('\n', searched);
    if (end == std::string_view::npos) {
      searched = text.size();
      if (text.size() > base::kRecordBytesMax) return SkipTooLarge();
      if (window_->More()) continue;
      if (!window_->status().ok()) return Next::kBroken;
      if (text.empty()) return Next::kEnd;
    }
    line = window_->view().substr(0, end);
    size = end == std::string_view::npos ? line.size() : end + 1;
    if (line.size() > base::kRecordBytesMax) return SkipTooLarge();
    if (!IsBlank(line)) return Next::kLine;
    window_->Consume(size);
    searched = 0;
  }
}

JsonLinesReader::Next JsonLinesReader::SkipTooLarge() {
  for (uint64_t skipped = 0; skipped < kWorkBytesPerCall;) {
    if (window_->view().empty() && !window_->More()) return window_->status().ok() ? Next::kTooLarge : Next::kBroken;
    const std::string_view text = window_->view();
    const size_t end = text.find('\n');
    const size_t belongs = end == std::string_view::npos ? text.size() : end + 1;
    if (too_large_head_.size() < kTooLargeHeadBytes) {
      too_large_head_.append(text.substr(0, std::min(belongs, kTooLargeHeadBytes - too_large_head_.size())));
    }
    too_large_bytes_ += belongs;
    skipped += belongs;
    window_->Consume(belongs);
    if (end != std::string_view::npos) return Next::kTooLarge;
  }
  return Next::kPause;
}

sdk::Status JsonLinesReader::BeginContent() {
  while (window_->view().size() < 64 && window_->More()) {
  }
  if (!window_->status().ok() && !window_->ended()) return FromWorld(window_->status());
  if (window_->view().substr(0, kByteOrderMark.size()) == kByteOrderMark) window_->Consume(kByteOrderMark.size());
  const size_t first = window_->view().find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && window_->view()[first] == '[') {
    return sdk::Status::Fail("json_array", path_ + " is one JSON array, not JSON lines",
                             "write one object per line: jq -c '.[]'");
  }
  place_.offset = window_->offset();
  begun_ = true;
  return sdk::Status::Ok();
}

sdk::Status JsonLinesReader::Begin(Progress& progress) {
  progress = Progress::kMore;
  if (!begun_) {
    if (const sdk::Status begun = BeginContent(); !begun.ok()) return begun;
  }
  if (!names_known_) return LearnNames(progress);
  values_.resize(columns_.size());
  progress = Progress::kDone;
  return sdk::Status::Ok();
}

sdk::Status JsonLinesReader::LearnNames(Progress& progress) {
  const uint64_t stop = window_->offset() + kWorkBytesPerCall;
  std::string_view line, utf8;
  size_t size;
  while (window_->offset() < stop) {
    const Next next = FindLine(line, size);
    if (next == Next::kPause) return sdk::Status::Ok();
    if (next == Next::kTooLarge) {
      too_large_bytes_ = 0;
      too_large_head_.clear();
      continue;
    }
    if (next == Next::kBroken && !window_->ended()) return FromWorld(window_->status());
    if (next != Next::kLine) {
      // At the end, or where the file breaks off: the rows before that are read all the same.
      absl::StatusOr<std::unique_ptr<ByteStream>> again = open_again_();
      if (!again.ok()) return FromWorld(again.status());
      window_ = std::make_unique<ContentWindow>(*std::move(again));
      names_known_ = true;
      begun_ = false;
      return Begin(progress);
    }
    if (Decode(line, utf8) && json_.Parse(utf8)) {
      size_t guess = 0;
      for (const JsonLine::Member& member : json_.members()) {
        const size_t column = ColumnOf(member.name, guess);
        if (column == columns_.size()) AddColumn(member.name);
        guess = column + 1;
      }
    }
    window_->Consume(size);
  }
  return sdk::Status::Ok();
}

sdk::Status JsonLinesReader::SkipTowards(const Place& place, Progress& progress) {
  const bool there = window_->SkipTowards(place.offset);
  if (!window_->status().ok()) return FromWorld(window_->status());
  progress = there ? Progress::kDone : Progress::kMore;
  if (there) place_ = place;
  return sdk::Status::Ok();
}

sdk::Status JsonLinesReader::ReadRows(size_t rows_max, size_t bytes_max, sdk::RowBatch& rows, Progress& progress) {
  progress = Progress::kMore;
  const size_t rows_before = rows.rows(), bytes_before = rows.bytes();
  std::string_view line;
  size_t size;
  while (rows.rows() - rows_before < rows_max && rows.bytes() - bytes_before < bytes_max) {
    switch (FindLine(line, size)) {
      case Next::kLine:
        if (IsCutShort(line, size)) {
          return sdk::Status::Fail("cut_off",
                                   path_ + " ends inside line " + std::to_string(place_.row + 1) + " (byte " +
                                       std::to_string(place_.offset) + "): no whole object and no line end",
                                   "fetch the file again");
        }
        ++place_.row;
        AppendRow(line, rows);
        window_->Consume(size);
        break;
      case Next::kTooLarge:
        rows.AddUnreadable(
            ++place_.row, "too_large",
            "the line at byte " + std::to_string(place_.offset) + " has " + std::to_string(too_large_bytes_) +
                " bytes; a record may have 4 MiB; only its beginning is kept here, the rest stays at the source",
            too_large_head_);
        too_large_bytes_ = 0;
        too_large_head_.clear();
        break;
      case Next::kPause:
        return sdk::Status::Ok();
      case Next::kEnd:
        place_.offset = window_->offset();
        progress = Progress::kDone;
        return sdk::Status::Ok();
      case Next::kBroken:
        return FromWorld(window_->status());
    }
    place_.offset = window_->offset();
  }
  return sdk::Status::Ok();
}

// A line that only the end of the content ends may be the front of a longer one.
bool JsonLinesReader::IsCutShort(std::string_view line, size_t size) {
  std::string_view utf8;
  return full_ && size == line.size() && !(Decode(line, utf8) && json_.Parse(utf8));
}

bool JsonLinesReader::Decode(std::string_view line, std::string_view& utf8) {
  decoded_.clear();
  const bool decodes = decoder_.Append(line, decoded_);
  utf8 = decoded_;
  return decodes;
}

// Rows of one file mostly have their names in one order: the column after the last one is tried before the table.
size_t JsonLinesReader::ColumnOf(std::string_view name, size_t guess) const {
  if (guess < columns_.size() && columns_[guess] == name) return guess;
  const auto found = column_by_name_.find(name);
  return found == column_by_name_.end() ? columns_.size() : found->second;
}

void JsonLinesReader::AppendRow(std::string_view line, sdk::RowBatch& rows) {
  std::string_view utf8;
  if (!Decode(line, utf8)) {
    rows.AddUnreadable(place_.row, "encoding", std::string("the line is not ") + EncodingName(decoder_.encoding()),
                       line);
    return;
  }
  if (!json_.Parse(utf8)) {
    rows.AddUnreadable(place_.row, "not_json", json_.problem(), line);
    return;
  }
  std::fill(values_.begin(), values_.end(), nullptr);
  size_t guess = 0;
  for (const JsonLine::Member& member : json_.members()) {
    const size_t column = ColumnOf(member.name, guess);
    guess = column + 1;
    if (column < columns_.size()) {
      values_[column] = &member;
    } else if (unknown_.size() < kUnknownNamesMax && unknown_.find(member.name) == unknown_.end()) {
      unknown_.emplace(member.name);
      unknown_new_.emplace_back(member.name);
    }
  }
  rows.BeginRow(place_.row, line);
  for (const JsonLine::Member* value : values_) {
    if (value == nullptr || value->is_null) {
      rows.AddAbsent();
    } else {
      rows.Add(value->text);
    }
  }
  rows.EndRow();
}

std::vector<std::string> JsonLinesReader::TakeUnknownColumns() { return std::exchange(unknown_new_, {}); }

}  // namespace datong::file
