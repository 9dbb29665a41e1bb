// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/row_reading.h"

#include <algorithm>

#include "exchange_core/base/check.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/utf8.h"

namespace datong::fuzz {
namespace {

constexpr size_t kEverything = size_t{1} << 30;

class Pieces final : public file::ByteStream {
 public:
  Pieces(std::string_view content, size_t piece_max) : content_(content), piece_max_(piece_max), random_(piece_max) {}

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const size_t wanted = std::min<size_t>(size, 1 + random_.Below(piece_max_));
    const std::string_view piece = content_.substr(at_, wanted);
    piece.copy(out, piece.size());
    at_ += piece.size();
    return piece.size();
  }
  absl::StatusOr<uint64_t> SkipTowards(uint64_t offset) override {
    DATONG_CHECK(offset >= at_ && offset <= content_.size());
    // Bounded work: not always there at once.
    at_ += std::min<size_t>(offset - at_, 1 + random_.Below(piece_max_));
    return at_;
  }
  uint64_t stored_bytes_read() const override { return at_; }

 private:
  const std::string_view content_;
  const size_t piece_max_;
  size_t at_ = 0;
  base::SeededRandom random_;
};

std::string Failure(const sdk::Status& status) { return status.code() + ": " + status.message(); }

void Append(const sdk::RowBatch& rows, Seen& seen) {
  for (size_t row = 0; row < rows.rows(); ++row) {
    SeenRow& to = seen.rows.emplace_back();
    to.number = rows.row_number(row);
    to.raw = rows.raw(row);
    if (const auto* unreadable = rows.unreadable(row)) {
      to.unreadable = unreadable->reason;
      DATONG_CHECK(!to.unreadable.empty() && !unreadable->detail.empty());
    }
    for (size_t i = 0; i < rows.width(row); ++i) {
      const auto value = rows.value(row, i);
      to.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
  }
}

void CheckRows(const Seen& seen) {
  for (size_t i = 0; i < seen.rows.size(); ++i) {
    const SeenRow& row = seen.rows[i];
    DATONG_CHECK(row.number == i + 1);
    DATONG_CHECK(!row.raw.empty());
    const bool no_values = !row.unreadable.empty() && row.values.empty();
    DATONG_CHECK(no_values || row.values.size() == seen.columns.size());
    for (const auto& value : row.values) DATONG_CHECK(!value || base::IsValidUtf8(*value));
  }
}

}  // namespace

std::unique_ptr<file::ByteStream> InPieces(std::string_view content, size_t piece_max) {
  return std::make_unique<Pieces>(content, piece_max);
}

Seen ReadAll(file::RowReader& reader, size_t rows_max, const file::RowReader::Place* place, bool parse_later) {
  Seen seen;
  auto progress = file::RowReader::Progress::kMore;
  while (progress == file::RowReader::Progress::kMore) {
    const sdk::Status begun = reader.Begin(progress);
    if (!begun.ok()) return {{}, {}, {}, Failure(begun)};
  }
  seen.columns = reader.columns();
  progress = place == nullptr ? file::RowReader::Progress::kDone : file::RowReader::Progress::kMore;
  while (progress == file::RowReader::Progress::kMore) {
    const sdk::Status skipped = reader.SkipTowards(*place, progress);
    DATONG_CHECK(skipped.ok());
  }
  sdk::RowBatch rows;
  for (progress = file::RowReader::Progress::kMore; progress == file::RowReader::Progress::kMore;) {
    rows.Clear();
    if (parse_later) rows.AllowUnparsed();
    const sdk::Status read = reader.ReadRows(rows_max, kEverything, rows, progress);
    DATONG_CHECK(rows.rows() <= rows_max);
    for (size_t row = 0; row < rows.rows(); ++row) rows.Parse(row);
    Append(rows, seen);
    if (rows_max == 1 && rows.rows() == 1) seen.places.push_back(reader.place());
    if (!read.ok()) {
      seen.failure = Failure(read);
      break;
    }
  }
  return seen;
}

void CheckReader(const NewReader& make, size_t piece_max, size_t resume) {
  const Seen whole = ReadAll(*make(kEverything), kEverything);
  CheckRows(whole);
  const Seen one_by_one = ReadAll(*make(piece_max), 1);
  DATONG_CHECK(one_by_one.columns == whole.columns && one_by_one.failure == whole.failure);
  DATONG_CHECK(one_by_one.rows == whole.rows && one_by_one.places.size() == whole.rows.size());
  const Seen later = ReadAll(*make(piece_max), 1, nullptr, true);
  DATONG_CHECK(later.columns == whole.columns && later.failure == whole.failure && later.rows == whole.rows);
  DATONG_CHECK(later.places == one_by_one.places);
  if (whole.rows.empty()) return;

  const size_t rows_before = 1 + resume % whole.rows.size();
  const file::RowReader::Place& place = one_by_one.places[rows_before - 1];
  DATONG_CHECK(place.row == rows_before);
  const Seen rest = ReadAll(*make(piece_max), kEverything, &place);
  DATONG_CHECK(rest.columns == whole.columns && rest.failure == whole.failure);
  DATONG_CHECK(std::equal(rest.rows.begin(), rest.rows.end(), whole.rows.begin() + static_cast<ptrdiff_t>(rows_before),
                          whole.rows.end()));
}

}  // namespace datong::fuzz
