// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no admitted columns for these verdicts or decode to columns that encode and decode to
// themselves.
//
// Input: entity or event, how many verdicts, the verdicts, then the columns.
#include <string>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/source_order.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

constexpr ledger::Verdict kVerdicts[] = {ledger::Verdict::kInserted,  ledger::Verdict::kUpdated,
                                         ledger::Verdict::kDeleted,   ledger::Verdict::kUnchangedNewer,
                                         ledger::Verdict::kDuplicate, ledger::Verdict::kUnreadableRow};

// A batch of which these columns could have been admitted: a source file of its own for each record.
std::string EncodeAgain(const ledger::AdmittedColumns& admitted, const std::vector<ledger::Verdict>& verdicts,
                        bool entity) {
  record::BatchHeader header;
  record::RecordColumns columns;
  const size_t records = verdicts.size();
  columns.id.resize(records);
  columns.key.resize(records);
  columns.fingerprint.resize(records);
  columns.operation.resize(records, record::Operation::kUpsert);
  columns.version.resize(records);
  columns.file_index.resize(records);
  columns.row.resize(records);
  header.files.resize(records);
  for (size_t i = 0; i < admitted.size(); ++i) {
    const uint32_t at = admitted.record[i];
    (entity ? columns.key : columns.id)[at] = admitted.key[i];
    if (!entity) continue;
    columns.fingerprint[at] = admitted.fingerprint[i];
    columns.version[at] = admitted.version[i];
    columns.file_index[at] = at;
    columns.row[at] = admitted.source_order[i] & ledger::kRowMask;
    header.files[at].sequence = static_cast<uint32_t>(admitted.source_order[i] >> ledger::kRowBits);
  }
  return ledger::EncodeAdmitted(header, columns, verdicts, entity);
}

}  // namespace

void FuzzAdmittedColumns(std::string_view input) {
  InputReader reader(input);
  const bool entity = (reader.Byte() & 1) != 0;
  std::vector<ledger::Verdict> verdicts;
  size_t expected = 0;
  for (const char code : reader.Piece()) {
    verdicts.push_back(kVerdicts[static_cast<uint8_t>(code) % std::size(kVerdicts)]);
    expected += ledger::IsKept(verdicts.back()) ? 1 : 0;
  }
  ledger::AdmittedColumns admitted, again;
  if (!ledger::DecodeAdmitted(reader.rest(), verdicts, entity, admitted).ok()) return;

  DATONG_CHECK(admitted.size() == expected && admitted.verdict.size() == expected && admitted.key.size() == expected);
  const size_t of_entities = entity ? expected : 0;
  DATONG_CHECK(admitted.fingerprint.size() == of_entities && admitted.version.size() == of_entities);
  DATONG_CHECK(admitted.source_order.size() == of_entities);
  for (size_t i = 0; i < expected; ++i) {
    DATONG_CHECK(admitted.record[i] < verdicts.size() && verdicts[admitted.record[i]] == admitted.verdict[i]);
    DATONG_CHECK(i == 0 || admitted.record[i - 1] < admitted.record[i]);
  }
  const std::string bytes = EncodeAgain(admitted, verdicts, entity);
  DATONG_CHECK(ledger::DecodeAdmitted(bytes, verdicts, entity, again).ok());
  DATONG_CHECK(again.record == admitted.record && again.key == admitted.key && again.verdict == admitted.verdict);
  DATONG_CHECK(again.fingerprint == admitted.fingerprint && again.version == admitted.version);
  DATONG_CHECK(again.source_order == admitted.source_order);
}

}  // namespace datong::fuzz
