// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/csv_row_parser.h"

#include <algorithm>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/base/utf8.h"

namespace datong::file {

CsvRowParser::CsvRowParser(const CsvScanner& scanner, Encoding encoding, RaggedRows ragged, Columns columns)
    : scanner_(scanner), decoder_(encoding), ragged_(ragged), columns_(std::move(columns)) {}

void CsvRowParser::Parse(std::string_view record, sdk::RowBatch& into) {
  DATONG_CHECK(scanner_.Next(record, true) == CsvScanner::Found::kRecord && scanner_.size() == record.size());
  AddFields(scanner_, record, into);
}

void CsvRowParser::AddFields(const CsvScanner& scanner, std::string_view record, sdk::RowBatch& into) {
  size_t width = scanner.fields().size();
  if (!FitWidth(scanner, width)) {
    into.SetUnreadable("ragged_row",
                       std::to_string(width) + " columns where the header has " + std::to_string(columns_->size()));
  } else if (decoder_.encoding() == Encoding::kUtf8) {
    AddUtf8(scanner, record, width, into);
  } else {
    AddDecoded(scanner, width, into);
  }
}

// True when a record of `width` values can be a row; `width` becomes how many of them are taken.
bool CsvRowParser::FitWidth(const CsvScanner& scanner, size_t& width) const {
  if (width == columns_->size()) return true;
  if (ragged_ != RaggedRows::kPad) return false;
  if (width < columns_->size()) return true;
  const auto& fields = scanner.fields();
  const auto is_empty = [](const CsvScanner::Field& field) { return field.size == 0 && field.tail.empty(); };
  if (!std::all_of(fields.begin() + static_cast<ptrdiff_t>(columns_->size()), fields.end(), is_empty)) return false;
  width = columns_->size();
  return true;
}

void CsvRowParser::AddUtf8(const CsvScanner& scanner, std::string_view record, size_t width, sdk::RowBatch& into) {
  if (!base::IsValidUtf8(record)) return AddPartly(scanner, width, "the record is not UTF-8", into);
  for (size_t i = 0; i < width; ++i) {
    const CsvScanner::Field& field = scanner.fields()[i];
    if (field.doubled || !field.tail.empty()) {
      into.Add(scanner.Value(field, scratch_));
    } else if (field.size != 0 || field.quoted) {
      into.AddPart(static_cast<size_t>(field.begin - record.data()), field.size);
    } else {
      into.AddAbsent();
    }
  }
  AddMissing(width, into);
}

void CsvRowParser::AddDecoded(const CsvScanner& scanner, size_t width, sdk::RowBatch& into) {
  // All values first: those added can't be taken back when the last one does not decode.
  decoded_.clear();
  decoded_fields_.clear();
  for (size_t i = 0; i < width; ++i) {
    const size_t offset = decoded_.size();
    if (!decoder_.Append(scanner.Value(scanner.fields()[i], scratch_), decoded_)) {
      return AddPartly(scanner, width, "column " + (*columns_)[i] + " is not " + EncodingName(decoder_.encoding()),
                       into);
    }
    decoded_fields_.push_back({offset, decoded_.size() - offset});
  }
  for (size_t i = 0; i < width; ++i) {
    if (decoded_fields_[i].size == 0 && !scanner.fields()[i].quoted) {
      into.AddAbsent();
    } else {
      into.Add(std::string_view(decoded_).substr(decoded_fields_[i].offset, decoded_fields_[i].size));
    }
  }
  AddMissing(width, into);
}

// What of it decodes is handed over as well: it may tell whose row it is.
void CsvRowParser::AddPartly(const CsvScanner& scanner, size_t width, std::string detail, sdk::RowBatch& into) {
  into.SetUnreadable("encoding", std::move(detail));
  for (size_t i = 0; i < width; ++i) {
    const std::string_view value = scanner.Value(scanner.fields()[i], scratch_);
    decoded_.clear();
    if ((value.empty() && !scanner.fields()[i].quoted) || !decoder_.Append(value, decoded_)) {
      into.AddAbsent();
    } else {
      into.Add(decoded_);
    }
  }
  AddMissing(width, into);
}

void CsvRowParser::AddMissing(size_t width, sdk::RowBatch& into) const {
  for (size_t i = width; i < columns_->size(); ++i) into.AddAbsent();
}

}  // namespace datong::file
