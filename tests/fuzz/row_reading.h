// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/byte_stream.h"
#include "connectors/file/row_reader.h"

// What the targets of row readers share: content handed out in pieces of any size, and the promises every reader keeps.
namespace datong::fuzz {

// `content` must outlive it. Pieces are of 1 to `piece_max` bytes, in an order that is the same each time.
std::unique_ptr<file::ByteStream> InPieces(std::string_view content, size_t piece_max);

struct SeenRow {
  uint64_t number = 0;
  std::string unreadable;  // reason, "" = a row
  std::string raw;
  std::vector<std::optional<std::string>> values;
  friend bool operator==(const SeenRow&, const SeenRow&) = default;
};

struct Seen {
  std::vector<std::string> columns;
  std::vector<SeenRow> rows;
  std::vector<file::RowReader::Place> places;  // behind each row, when they were read one by one
  std::string failure;                         // code and message, "" = read to its end
};

// Reads all of it, from `place` on where one is given. `parse_later`: rows may come unparsed.
Seen ReadAll(file::RowReader& reader, size_t rows_max, const file::RowReader::Place* place = nullptr,
             bool parse_later = false);

// Makes a reader of the content in pieces of 1 to `piece_max` bytes.
using NewReader = std::function<std::unique_ptr<file::RowReader>(size_t piece_max)>;

// Whatever the pieces, and parsed at once or later: the same columns, rows and end. Rows are numbered from 1 without
// gaps and are as wide as the columns, unreadable ones as wide or without values; values are UTF-8; from behind any
// row, chosen by `resume`, the rest is the same.
void CheckReader(const NewReader& make, size_t piece_max, size_t resume);

}  // namespace datong::fuzz
