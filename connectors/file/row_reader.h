// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "connectors/sdk/row_batch.h"
#include "connectors/sdk/status.h"

namespace datong::file {

// Reads one file's rows from front to back: Begin until done, SkipTowards until done when going on from a position,
// then ReadRows until the end. Every call does bounded work. Retry: the disk did not answer, the same call again. Not
// thread-safe.
class RowReader {
 public:
  enum class Progress { kMore, kDone };

  // A record boundary of the content.
  struct Place {
    uint64_t offset = 0;  // in the decompressed content
    uint64_t row = 0;     // records before it, the header not counted
    friend bool operator==(const Place&, const Place&) = default;
  };

  virtual ~RowReader() = default;
  // What stands before the first row. Fail: the file is refused; no row was read.
  virtual sdk::Status Begin(Progress& progress) = 0;
  virtual sdk::Status SkipTowards(const Place& place, Progress& progress) = 0;
  // Appends up to `rows_max` rows, or a little more than `bytes_max` of values. kDone: the content ended well. Fail: it
  // broke off (cut_off, damaged); the rows appended stand.
  virtual sdk::Status ReadRows(size_t rows_max, size_t bytes_max, sdk::RowBatch& rows, Progress& progress) = 0;

  virtual const std::vector<std::string>& columns() const = 0;  // after Begin
  // sdk::Unit::reading of them, after Begin.
  virtual std::string reading() const { return {}; }
  virtual Place place() const = 0;  // behind the last row appended
  virtual uint64_t stored_bytes_read() const = 0;
  // Names met that are no column, since the last call.
  virtual std::vector<std::string> TakeUnknownColumns() { return {}; }
};

}  // namespace datong::file
