// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/judges/ledger_reading.h"

#include "datong/ledger/v1/ledger.pb.h"

namespace datong::simulation {
namespace {

using Look = std::function<void(const ledger::v1::LedgerEntry&, const Witness::Message&)>;

LaneLedger ReadLedger(uint32_t lane, const Witness::Partition& partition, const Look& look) {
  LaneLedger read;
  read.lane = lane;
  ledger::v1::LedgerEntry entry;
  for (const Witness::Message& message : partition.messages) {
    ledger::LedgerMessageReader entries(message.body, lane, read.head);
    while (true) {
      const absl::StatusOr<bool> more = entries.Next(entry);
      read.head = entries.head();
      read.status = more.status();
      if (!more.ok()) return read;
      if (!*more) break;
      look(entry, message);
    }
  }
  return read;
}

}  // namespace

std::vector<LaneLedger> ReadLedgers(const Witness& witness, const Look& look) {
  std::vector<LaneLedger> lanes;
  for (const auto& [place, partition] : witness.partitions()) {
    if (place.first == ledger::kLedgerTopic) lanes.push_back(ReadLedger(place.second, partition, look));
  }
  return lanes;
}

std::vector<LaneLedger> ReadLedgers(const Witness& witness,
                                    const std::function<void(const ledger::v1::LedgerEntry&)>& look) {
  return ReadLedgers(witness,
                     Look([&look](const ledger::v1::LedgerEntry& entry, const Witness::Message&) { look(entry); }));
}

}  // namespace datong::simulation
