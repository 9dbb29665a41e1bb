// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange_core/base/file_system.h"

namespace datong::storage {

// How a RocksDB log file (a write-ahead log or a MANIFEST) ends.
struct LogTail {
  enum class Kind {
    kWhole,    // every record holds up to the end of the file
    kTorn,     // the last record is one that power left unfinished: cut short, or with sectors that never arrived
    kDamaged,  // bytes differ from what was written, and no power cut explains it
  };
  Kind kind = Kind::kWhole;
  uint64_t at = 0;  // kTorn: bytes that hold, to be kept; kDamaged: where the record begins that does not hold
};

// Reads all records of a log whose writer synced each record before it began the next. So a power cut can have left
// only the last one unfinished: the file ends inside it, or, somewhere between its first byte and the end of the file,
// all that it has in one 512-byte sector of the file reads as zeros. Anything else that does not hold is damage, and so
// is a gap with a whole record behind it.
//
// One thing can't be told apart: a damaged byte in the very last record, when that record by itself holds a sector full
// of zeros.
LogTail ReadLogTail(std::string_view log);

// Looks through the logs of the row store in `directory`: the MANIFEST that CURRENT names, and all *.log files. Cuts a
// torn tail off and syncs every file: what a process that died wrote is about to be relied on. DataLoss names the file
// and the offset, and then nothing was changed: for damage, and for a torn tail with records in a younger *.log, which
// was not yet begun when that power cut came.
//
// RocksDB alone would do the opposite of both: refuse a sector that never arrived, and take some damaged lengths and
// types for the end of the log, silently without the rows behind.
absl::Status CutTornTails(base::FileSystem& files, const std::string& directory);

}  // namespace datong::storage
