// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/ledger_walk.h"

#include <vector>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"

namespace datong::admin {

absl::Status WalkLedger(broker::Broker& broker, uint32_t lane,
                        const std::function<absl::Status(const ledger::v1::LedgerEntry&)>& visit) {
  const broker::TopicPartition from{ledger::kLedgerTopic, lane};
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker.Bounds(from));
  ASSIGN_OR_RETURN(const auto reader, broker.OpenReader(from, bounds.begin));
  ledger::ChainHead head;
  ledger::v1::LedgerEntry entry;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<broker::Message> messages, reader->Poll({}));
    if (messages.empty()) return absl::OkStatus();
    for (const broker::Message& message : messages) {
      ledger::LedgerMessageReader entries(message.body.bytes(), lane, head);
      while (true) {
        ASSIGN_OR_RETURN(const bool more, entries.Next(entry));
        if (!more) break;
        RETURN_IF_ERROR(visit(entry));
      }
      head = entries.head();
    }
  }
}

}  // namespace datong::admin
