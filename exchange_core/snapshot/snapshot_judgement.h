// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/snapshot/column_differences.h"

namespace datong::exchange::v1 {
class SnapshotReport;
}

namespace datong::snapshot {

// Digests of keys without letter case, spaces and width that a partition reports, at most: the smallest of each kind.
// Kept over all partitions, the smallest of both kinds together are a fair sample of the keys of both.
inline constexpr size_t kSketchDigests = 256;

// What is known of a snapshot at its end, over all partitions.
struct SnapshotFacts {
  uint64_t rows = 0;
  uint64_t inserts = 0, updates = 0;  // staged
  uint64_t unchanged = 0, duplicates = 0, quarantined = 0, conflicting = 0, keyless = 0;
  uint64_t source_keys = 0;           // live keys the source supplied
  uint64_t absent = 0;                // of these: would be deleted
  std::optional<uint64_t> last_rows;  // of the last released snapshot of the source
  ColumnDifferences columns;
  std::optional<double> respelled_share;          // of vanishing keys that come back under another spelling, estimated
  std::map<std::string, uint64_t> changed_items;  // item -> of `updates_compared` records
  uint64_t updates_compared = 0;
  bool flows = false;
};

struct Stop {
  std::string code;  // docs/snapshots.md
  std::string text;  // for a person: numbers, and what it probably is
};

// Adds one partition's report. `field_name`: of a field number.
void AddReport(const exchange::v1::SnapshotReport& report, const std::map<uint32_t, std::string>& field_names,
               SnapshotFacts& facts);
// Share of the smallest digests of both sketches together that are in both. nullopt when there is nothing to compare.
std::optional<double> RespelledShare(std::vector<uint64_t> absent, std::vector<uint64_t> inserted);

// The safety stop: pure. Empty: nothing speaks against it. Of a snapshot whose changes have flowed already only stops
// that concern its deletes are looked for.
std::vector<Stop> FindStops(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts);

}  // namespace datong::snapshot
