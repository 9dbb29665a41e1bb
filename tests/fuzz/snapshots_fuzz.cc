// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no mark, event or stage of a snapshot or decode to one that encodes and decodes to itself; and
// the table that replays events takes any sequence of them without contradicting a final decision.
//
// Input: pieces, each the message behind a frame, as a mark and as an event; the whole input as all three kinds, framed
// already and as the body of a stage.
#include <string>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "exchange_core/snapshot/snapshot_stage.h"
#include "exchange_core/snapshot/snapshot_table.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

void TakeMark(std::string_view bytes) {
  const auto mark = snapshot::DecodeMark(bytes);
  if (!mark.ok()) return;
  const auto again = snapshot::DecodeMark(snapshot::EncodeMark(*mark));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == mark->SerializeAsString());
}

void TakeEvent(std::string_view bytes, snapshot::SnapshotTable& table) {
  const auto event = snapshot::DecodeSnapshotEvent(bytes);
  if (!event.ok()) return;
  const auto again = snapshot::DecodeSnapshotEvent(snapshot::EncodeSnapshotEvent(*event));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == event->SerializeAsString());

  const snapshot::SnapshotState* before = table.Find(event->snapshot());
  const bool was_final = before != nullptr && before->is_final();
  const bool taken = table.Apply(*event).ok();
  const snapshot::SnapshotState* known = table.Find(event->snapshot());
  DATONG_CHECK(known != nullptr && (!was_final || known->is_final()));
  DATONG_CHECK(!taken || !event->has_decision() || !was_final);
  if (taken && known->is_released()) {
    DATONG_CHECK(table.LastReleasedOf(event->source_id()) >= event->snapshot() || !event->has_decision());
  }
}

void TakeStage(std::string_view bytes) {
  const auto stage = snapshot::SnapshotStage::Parse(bytes);
  if (!stage.ok()) return;
  const index::EntityIndex index;
  std::string written, rewritten;
  (*stage)->Serialize(index, written);
  const auto again = snapshot::SnapshotStage::Parse(written);
  DATONG_CHECK(again.ok());
  (*again)->Serialize(index, rewritten);
  DATONG_CHECK(written == rewritten);
  DATONG_CHECK((*again)->staged() == (*stage)->staged() && (*again)->rows() == (*stage)->rows());
  // What waits can be taken one by one, and then nothing waits.
  while ((*stage)->staged() != 0) (*stage)->TakeFront(index, 1);
}

}  // namespace

void FuzzSnapshots(std::string_view input) {
  snapshot::SnapshotTable table;
  TakeMark(input);
  TakeEvent(input, table);
  TakeStage(input);
  TakeStage(base::Frame("DTSS", 1, input));
  for (InputReader reader(input); !reader.empty();) {
    const std::string_view body = reader.Piece();
    TakeMark(base::Frame("DTSM", 1, body));
    TakeEvent(base::Frame("DTSN", 1, body), table);
  }
}

}  // namespace datong::fuzz
