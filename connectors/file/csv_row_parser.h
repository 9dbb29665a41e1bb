// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/csv_scanner.h"
#include "connectors/file/file_source.h"
#include "connectors/file/text_encoding.h"
#include "connectors/sdk/row_batch.h"

namespace datong::file {

// Makes a row of a CSV record: fits it to the columns, undoes quotes and encoding. What does not fit or decode becomes
// unreadable. Not thread-safe; readers and batches have one each.
class CsvRowParser final : public sdk::RowParser {
 public:
  using Columns = std::shared_ptr<const std::vector<std::string>>;

  CsvRowParser(const CsvScanner& scanner, Encoding encoding, RaggedRows ragged, Columns columns);

  // `record`: one that the scanner finds, without its line end.
  void Parse(std::string_view record, sdk::RowBatch& into) override;
  // The same with the fields that `scanner` has just found in it.
  void AddFields(const CsvScanner& scanner, std::string_view record, sdk::RowBatch& into);

 private:
  struct DecodedField {
    size_t offset = 0;  // into decoded_
    size_t size = 0;
  };

  bool FitWidth(const CsvScanner& scanner, size_t& width) const;
  void AddUtf8(const CsvScanner& scanner, std::string_view record, size_t width, sdk::RowBatch& into);
  void AddDecoded(const CsvScanner& scanner, size_t width, sdk::RowBatch& into);
  void AddPartly(const CsvScanner& scanner, size_t width, std::string detail, sdk::RowBatch& into);
  void AddMissing(size_t width, sdk::RowBatch& into) const;

  CsvScanner scanner_;
  TextDecoder decoder_;
  const RaggedRows ragged_;
  const Columns columns_;
  std::vector<DecodedField> decoded_fields_;
  std::string decoded_, scratch_;
};

}  // namespace datong::file
