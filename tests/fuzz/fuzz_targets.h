// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

// What is fuzzed. A target takes any bytes and stops the process when a promise is broken; the corpus of target `name`
// is tests/fuzz/corpus/<name>. A new target is added here, in the table, and in CMakeLists.txt.
namespace datong::fuzz {

void FuzzBatchDecoder(std::string_view input);
void FuzzWireProjection(std::string_view input);
void FuzzRejectedRow(std::string_view input);
void FuzzEnvelopes(std::string_view input);
void FuzzLedgerEntry(std::string_view input);
void FuzzAdmittedColumns(std::string_view input);
void FuzzLaneState(std::string_view input);
void FuzzCheckpointFile(std::string_view input);
void FuzzCatalogChange(std::string_view input);
void FuzzControlCodec(std::string_view input);
void FuzzCsvReader(std::string_view input);
void FuzzJsonLines(std::string_view input);
void FuzzCatalogYaml(std::string_view input);
void FuzzWireAgainstProtobuf(std::string_view input);
void FuzzSnapshots(std::string_view input);

struct FuzzTarget {
  std::string_view name;
  void (*run)(std::string_view input);
  size_t changed_copies;  // of the corpus, in the suite: a second or so of work, counted, not timed
};

inline constexpr FuzzTarget kFuzzTargets[] = {
    {"batch_decoder", FuzzBatchDecoder, 40'000},  {"wire_projection", FuzzWireProjection, 200'000},
    {"rejected_row", FuzzRejectedRow, 120'000},   {"envelopes", FuzzEnvelopes, 60'000},
    {"ledger_entry", FuzzLedgerEntry, 25'000},    {"admitted_columns", FuzzAdmittedColumns, 200'000},
    {"lane_state", FuzzLaneState, 60'000},        {"checkpoint_file", FuzzCheckpointFile, 12'000},
    {"catalog_change", FuzzCatalogChange, 8'000}, {"control_codec", FuzzControlCodec, 25'000},
    {"csv_reader", FuzzCsvReader, 2'000},         {"json_lines", FuzzJsonLines, 1'200},
    {"catalog_yaml", FuzzCatalogYaml, 5'000},     {"wire_against_protobuf", FuzzWireAgainstProtobuf, 50'000},
    {"snapshots", FuzzSnapshots, 25'000},
};

}  // namespace datong::fuzz
