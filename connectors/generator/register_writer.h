// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "connectors/generator/expected_facts.h"
#include "exchange_core/base/file_system.h"

namespace datong::generator {

inline constexpr uint64_t kRecordsMax = 500'000'000;
inline constexpr uint32_t kDumpsMax = 3650;

struct GeneratorOptions {
  uint64_t seed = 1;
  uint64_t records = 200'000;  // companies in the first dump; half as many certificates; divisions are always the same
  uint32_t dumps = 2;          // files per register, a day apart
  // Per hundred rows.
  double duplicates = 5;  // an earlier row of the file (events: of any file) once more
  double changes = 2;     // later dumps: rows changed since the dump before; new ones, a quarter of that
  double defects = 1;     // rows that cannot be read: ragged, no key, an impossible date, not UTF-8
};

// Writes <directory>/<register>/<register>-2024-01-01.csv, ...-02.csv and so on for companies, certificates and
// divisions, replacing files of these names, and tells what to expect. Companies and divisions are full dumps in which
// nothing ever disappears; a certificates file holds what was issued since the one before. InvalidArgument: an option
// is out of range. Other errors are the file system's.
absl::StatusOr<ExpectedFacts> WriteRegisters(const GeneratorOptions& options, base::FileSystem& files,
                                             const std::string& directory);

}  // namespace datong::generator
