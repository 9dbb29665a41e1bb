// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no control message or decode to one that encodes and decodes to itself; and the tables that
// replay such messages take any sequence of them without losing what they were told last.
//
// Input: pieces, each the message behind a frame, for both kinds; and the whole input as a framed message.
#include <string>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/node/source_table.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

void TakeEvent(std::string_view bytes, node::SourceTable& table) {
  const auto event = node::DecodeSourceEvent(bytes);
  if (!event.ok()) return;
  const auto again = node::DecodeSourceEvent(node::EncodeSourceEvent(*event));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == event->SerializeAsString());

  if (!table.Apply(*event).ok()) return;
  const auto source = table.sources().find(event->source_id());
  DATONG_CHECK(source != table.sources().end() && source->second.position == event->position());
  DATONG_CHECK(table.Find(source->second.name) != nullptr);
  for (const auto& [number, run] : table.runs()) DATONG_CHECK(run.run == number);
  if (event->has_begun()) {
    DATONG_CHECK(table.runs().contains(event->begun().run()) && source->second.open_run == event->begun().run());
    DATONG_CHECK(table.FindLatest(event->resource_id(), event->begun().name()) != nullptr);
  }
}

void TakeReceipt(std::string_view bytes, node::ReceiptTable& table) {
  const auto receipt = node::DecodeReceipt(bytes);
  if (!receipt.ok()) return;
  const auto again = node::DecodeReceipt(node::EncodeReceipt(*receipt));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == receipt->SerializeAsString());

  table.Apply(*receipt);
  const node::ReceiptState state = table.Of(receipt->subscription_id());
  DATONG_CHECK(state.stream_next == receipt->stream_next() && state.again_next == receipt->again_next());
  DATONG_CHECK(state.refused_total == receipt->refused_total());
  DATONG_CHECK(state.any || receipt->initial());
}

}  // namespace

void FuzzControlCodec(std::string_view input) {
  node::SourceTable sources;
  node::ReceiptTable receipts;
  TakeEvent(input, sources);
  TakeReceipt(input, receipts);
  for (InputReader reader(input); !reader.empty();) {
    const std::string_view body = reader.Piece();
    TakeEvent(base::Frame("DTSE", 1, body), sources);
    TakeReceipt(base::Frame("DTRC", 1, body), receipts);
  }
}

}  // namespace datong::fuzz
