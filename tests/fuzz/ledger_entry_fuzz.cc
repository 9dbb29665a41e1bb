// SPDX-License-Identifier: Apache-2.0
// A ledger message is read only as far as its chain holds: whatever is accepted continues the head it was read from, a
// chain changed anywhere is refused or ends elsewhere, and what an accepted entry says of records stays within them.
//
// Input: where and how a chain is changed (3 bytes), then an entry, of which a chain is made; and the whole input as a
// ledger message.
#include <string>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/lane_state.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

constexpr uint32_t kLane = 3;

void ReadDecision(const ledger::v1::BatchDecision& batch) {
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(batch.verdict_runs(), batch.records(), codes)) return;
  DATONG_CHECK(codes.size() == batch.records() && codes.size() <= base::kBatchRecordsMax);
  std::vector<ledger::Verdict> verdicts;
  size_t admitted = 0;
  for (const uint8_t code : codes) {
    const auto verdict = ledger::VerdictFromCode(code);
    if (!verdict) return;
    verdicts.push_back(*verdict);
    admitted += ledger::IsKept(*verdict) ? 1 : 0;
  }
  ledger::AdmittedColumns columns;
  if (!ledger::DecodeAdmitted(batch.admitted(), verdicts, batch.entity(), columns).ok()) return;
  DATONG_CHECK(columns.size() == admitted && columns.key.size() == admitted);
}

// Books that take an entry can be put away and taken up again.
void BookEntry(const ledger::v1::LedgerEntry& entry) {
  pipeline::LaneState state, again;
  if (!pipeline::Account(entry, state).ok()) return;
  const std::string bytes = pipeline::SerializeLaneState(state, kLane);
  DATONG_CHECK(pipeline::ParseLaneState(bytes, kLane, again).ok());
  DATONG_CHECK(pipeline::SerializeLaneState(again, kLane) == bytes);
}

struct Reading {
  bool whole = false;  // every entry was accepted
  size_t entries = 0;
  ledger::ChainHead head;
};

// Holds the chain by its own arithmetic against what the reader accepts.
Reading Read(std::string_view message, uint32_t lane, const ledger::ChainHead& from) {
  Reading reading{false, 0, from};
  ledger::LedgerMessageReader reader(message, lane, from);
  base::ByteReader bytes(message);
  ledger::v1::LedgerEntry entry;
  for (;;) {
    const auto more = reader.Next(entry);
    if (!more.ok()) return reading;
    if (!*more) break;
    const std::string_view framed = bytes.Bytes();
    DATONG_CHECK(bytes.ok());
    DATONG_CHECK(entry.lane() == lane && entry.sequence() == reading.head.sequence + 1);
    DATONG_CHECK(entry.previous_hash() == base::AsBytes(reading.head.hash));
    reading.head = {entry.sequence(), base::Sha256(framed)};
    DATONG_CHECK(reader.head().sequence == reading.head.sequence && reader.head().hash == reading.head.hash);
    ++reading.entries;
    if (entry.has_batch()) ReadDecision(entry.batch());
    BookEntry(entry);
  }
  DATONG_CHECK(bytes.rest().empty());
  reading.whole = true;
  return reading;
}

void ChangeChain(ledger::v1::LedgerEntry entry, InputReader choices) {
  ledger::ChainHead start{41, base::Sha256("an entry before")};
  ledger::ChainHead head = start;
  std::string message;
  for (int i = 0; i < 3; ++i) ledger::AppendEntry(entry, kLane, head, message);
  const Reading told = Read(message, kLane, start);
  DATONG_CHECK(told.whole && told.entries == 3 && told.head.hash == head.hash);

  const size_t at = (size_t{choices.Byte()} << 8 | choices.Byte()) % message.size();
  const uint8_t change = choices.Byte();
  std::string changed = message;
  changed[at] = static_cast<char>(changed[at] ^ (change == 0 ? 1 : change));
  const Reading other = Read(changed, kLane, start);
  DATONG_CHECK(!other.whole || other.head.hash != head.hash);
  const Reading cut = Read(std::string_view(message).substr(0, at), kLane, start);
  DATONG_CHECK(cut.entries < 3);

  // Not the chain of another lane, place or past.
  DATONG_CHECK(Read(message, kLane + 1, start).entries == 0);
  ledger::ChainHead elsewhere = start;
  ++elsewhere.sequence;
  DATONG_CHECK(Read(message, kLane, elsewhere).entries == 0);
  elsewhere = start;
  elsewhere.hash[at % elsewhere.hash.size()] ^= 0x10;
  DATONG_CHECK(Read(message, kLane, elsewhere).entries == 0);
}

}  // namespace

void FuzzLedgerEntry(std::string_view input) {
  Read(input, 0, {});
  InputReader reader(input);
  const InputReader choices = reader;
  for (int i = 0; i < 3; ++i) reader.Byte();
  ledger::v1::LedgerEntry entry;
  const std::string_view body = reader.rest();
  if (!entry.ParseFromArray(body.data(), static_cast<int>(body.size()))) return;
  if (entry.what_case() == ledger::v1::LedgerEntry::WHAT_NOT_SET) return;
  ChangeChain(std::move(entry), choices);
}

}  // namespace datong::fuzz
