// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/file/row_reader.h"

namespace datong::file {

// Where a file source goes on. As text, one line, at most 4 KiB, version first:
//   datong.file/2 done=0 index=2 offset=8192 row=17 bytes=70000 digested=65536 sha256=<64 hex> name=2022-03-11.csv.gz
// Version 1, which is still read, knows the digest of the whole file, and not its length:
//   datong.file/1 done=0 index=2 offset=8192 row=17 identity=<64 hex> name=2022-03-11.csv.gz
struct ResumePosition {
  bool done = false;   // the file was read to its end
  uint64_t index = 0;  // of the file within the declared paths; a hint, the name decides
  RowReader::Place place;
  // What the file was: its length, 0 = unknown, and the SHA-256 of so many of its stored bytes, from the first. All it
  // has: DigestedFile::kEnd will do.
  uint64_t bytes = 0;
  uint64_t digested = 0;
  std::string sha256;  // hex
  std::string name;    // base name
};

std::string FormatPosition(const ResumePosition& position);
std::optional<ResumePosition> ParsePosition(std::string_view text);

}  // namespace datong::file
