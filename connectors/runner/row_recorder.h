// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connectors/runner/row_memory_file.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/record/record_batch.h"

namespace datong::runner {

// Writes down what the rows of a full dump become, for the next one (row_memory_file.h). It writes beside the file of
// the last dump, which may be read meanwhile. Errors of the disk end the remembering, and nothing else. Not
// thread-safe.
class RowRecorder {
 public:
  // `meaning`: row_signature.h. `from_first_row`: else the reading goes on inside the unit, its memory would lack the
  // rows before, and nothing is written.
  RowRecorder(base::FileSystem& files, std::string path, const base::Digest& meaning, bool from_first_row);

  // What rows became, in their order; only those with known[i] != 0.
  void Remember(std::span<const base::Digest> signatures, const record::RecordClaims& claims,
                std::span<const uint8_t> known);
  // The last call. Complete: what was remembered takes the place of the last dump's rows.
  void EndUnit(bool complete);

 private:
  void WriteChunk();
  void Stop();

  base::FileSystem& files_;
  const std::string path_, path_of_next_;
  std::unique_ptr<base::AppendFile> next_;  // null: nothing is remembered
  RememberedChunk filling_;
  std::string buffer_;
};

}  // namespace datong::runner
