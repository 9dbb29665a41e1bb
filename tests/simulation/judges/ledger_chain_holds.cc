// SPDX-License-Identifier: Apache-2.0
// Every lane's ledger is one unbroken chain from its first entry on: numbers, links, times and catalog versions.
#include <absl/strings/str_cat.h>

#include "datong/ledger/v1/ledger.pb.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/judges/ledger_reading.h"

namespace datong::simulation {
namespace {

// What the entry before said.
struct Before {
  base::TimeUs commit_time = 0;
  uint64_t catalog_version = 0;
};

class ChainJudge {
 public:
  explicit ChainJudge(const Evidence& evidence)
      : evidence_(evidence), catalog_(evidence.exchange.catalog()), lanes_(evidence.exchange.lanes()) {}

  Judgement Judge() {
    const std::vector<LaneLedger> ledgers =
        ReadLedgers(evidence_.witness, [this](const ledger::v1::LedgerEntry& entry) { Look(entry); });
    for (const LaneLedger& ledger : ledgers) {
      if (!ledger.status.ok()) {
        judgement_.Complain(std::string(ledger.status.message()));
      } else if (ledger.lane < lanes_) {
        CompareHead(ledger);
      } else {
        judgement_.Complain(absl::StrCat("there is a ledger of lane ", ledger.lane, ", but there are ", lanes_));
      }
    }
    return std::move(judgement_);
  }

 private:
  template <typename... What>
  void Complain(const ledger::v1::LedgerEntry& entry, const What&... what) {
    judgement_.Complain(absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(), ": ", what...));
  }

  void Look(const ledger::v1::LedgerEntry& entry) {
    ++judgement_.looked_at;
    Before& before = before_[entry.lane()];
    if (entry.commit_time() < before.commit_time) {
      Complain(entry, "its commit time ", entry.commit_time(), " lies before that of the entry before, ",
               before.commit_time);
    }
    before.commit_time = entry.commit_time();
    if (entry.catalog_version() < before.catalog_version) {
      Complain(entry, "decided under catalog version ", entry.catalog_version(), ", the entry before under ",
               before.catalog_version);
    }
    if (entry.has_catalog_taken()) {
      if (entry.catalog_taken().version() <= before.catalog_version) {
        Complain(entry, "takes catalog version ", entry.catalog_taken().version(), " a second time");
      }
      before.catalog_version = entry.catalog_taken().version();
    } else if (entry.catalog_version() != before.catalog_version) {
      Complain(entry, "decided under catalog version ", entry.catalog_version(), ", but the lane took ",
               before.catalog_version);
    }
    if (before.catalog_version > catalog_->version()) {
      Complain(entry, "knows catalog version ", before.catalog_version, "; the exchange's is ", catalog_->version());
    }
    if (entry.has_batch()) LookAtBatch(entry, entry.batch());
  }

  void LookAtBatch(const ledger::v1::LedgerEntry& entry, const ledger::v1::BatchDecision& batch) {
    const catalog::Resource* resource = catalog_->FindResource(batch.resource_id());
    if (resource != nullptr && catalog::LaneOf(*resource, batch.partition(), lanes_) != entry.lane()) {
      Complain(entry, "decides a batch of ", resource->name, "/", batch.partition(), ", which belongs to lane ",
               catalog::LaneOf(*resource, batch.partition(), lanes_));
    }
    if (batch.input_next() <= batch.input_position()) {
      Complain(entry, "decides position ", batch.input_position(), " and goes on at ", batch.input_next());
    }
    std::vector<uint8_t> codes;
    if (batch.problem().empty() && !ledger::UnpackRuns(batch.verdict_runs(), batch.records(), codes)) {
      Complain(entry, "its verdicts do not add up to ", batch.records(), " records");
    }
  }

  // The lane itself must believe what was written down. One that waits for the world to mend knows less for a while.
  void CompareHead(const LaneLedger& ledger) {
    if (!evidence_.settled && !evidence_.exchange.Trouble().ok()) return;
    evidence_.exchange.InspectLane(ledger.lane, [&](const pipeline::LaneView& view) {
      const ledger::ChainHead& head = view.state.head;
      if (head.sequence == ledger.head.sequence && head.hash == ledger.head.hash) return;
      judgement_.Complain(absl::StrCat("lane ", ledger.lane, " believes that its ledger ends with entry ",
                                       head.sequence, " (", base::ToHex(head.hash), "), it ends with entry ",
                                       ledger.head.sequence, " (", base::ToHex(ledger.head.hash), ")"));
    });
  }

  const Evidence& evidence_;
  const std::shared_ptr<const catalog::CatalogTable> catalog_;
  const uint32_t lanes_;
  std::map<uint32_t, Before> before_;  // by lane
  Judgement judgement_;
};

}  // namespace

Judgement LedgerChainHolds(const Evidence& evidence) { return ChainJudge(evidence).Judge(); }

}  // namespace datong::simulation
