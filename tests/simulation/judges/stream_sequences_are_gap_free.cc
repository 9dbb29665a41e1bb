// SPDX-License-Identifier: Apache-2.0
// What a lane delivers into a stream, or sends again to one subscription, is numbered 1, 2, 3, ... without a gap, and
// every message stands for exactly what the ledger says was delivered: they are one commit.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <set>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/pipeline/envelopes.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/judges/ledger_reading.h"

namespace datong::simulation {
namespace {

struct Promised {  // by one ledger entry, to one topic
  uint64_t lane_sequence = 0;
  uint64_t first_sequence = 0;
  uint64_t records = 0;
  bool in_pieces = false;  // a message for each batch that content is taken from
};

// One lane in one topic.
struct Stream {
  std::vector<Promised> promised;  // in the order of the ledger
  uint64_t promised_next = 1;
  size_t kept = 0;           // of `promised`, wholly seen
  uint64_t kept_of_one = 0;  // records seen of promised[kept]
  uint64_t next = 1;         // sequence
};

class StreamJudge {
 public:
  explicit StreamJudge(const Evidence& evidence) : evidence_(evidence) {}

  Judgement Judge() {
    const auto ledgers =
        ReadLedgers(evidence_.witness, [this](const ledger::v1::LedgerEntry& entry) { TakeEntry(entry); });
    for (const LaneLedger& ledger : ledgers) {
      if (!ledger.status.ok()) unreadable_.insert(ledger.lane);  // that is the chain's judge's to say
    }
    for (const auto& [place, partition] : evidence_.witness.partitions()) {
      const std::string& topic = place.first;
      if (!absl::StartsWith(topic, "deliver.") && !absl::StartsWith(topic, "again.")) continue;
      for (const Witness::Message& message : partition.messages) TakeMessage(topic, message);
    }
    for (const auto& [place, stream] : streams_) {
      if (stream.kept == stream.promised.size() || unreadable_.contains(place.second)) continue;
      const Promised& first = stream.promised[stream.kept];
      judgement_.Complain(absl::StrCat(place.first, ", lane ", place.second, ": ledger entry ", first.lane_sequence,
                                       " delivered ", first.records, " records from sequence ", first.first_sequence,
                                       " on, and the topic holds ", stream.kept_of_one, " of them"));
    }
    return std::move(judgement_);
  }

 private:
  void TakeEntry(const ledger::v1::LedgerEntry& entry) {
    const bool is_step = entry.has_snapshot_step();
    for (const auto& output : is_step ? entry.snapshot_step().outputs() : entry.batch().outputs()) {
      Stream& stream = streams_[{absl::StrCat("deliver.", output.view_id()), entry.lane()}];
      if (output.first_sequence() != stream.promised_next) {
        judgement_.Complain(absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(), ": stream ",
                                         output.view_id(), " goes on at ", output.first_sequence(), " where ",
                                         stream.promised_next, " is next"));
      }
      Promise(entry.sequence(), output.first_sequence(), output.records(), is_step, stream);
    }
    if (entry.has_stream_start()) {
      Stream& stream = streams_[{absl::StrCat("again.", entry.stream_start().subscription_id()), entry.lane()}];
      Promise(entry.sequence(), stream.promised_next, entry.stream_start().records(), true, stream);
    }
  }

  static void Promise(uint64_t lane_sequence, uint64_t first_sequence, uint64_t records, bool in_pieces,
                      Stream& stream) {
    if (records == 0) return;
    stream.promised.push_back({lane_sequence, first_sequence, records, in_pieces});
    stream.promised_next = first_sequence + records;
  }

  void TakeMessage(const std::string& topic, const Witness::Message& message) {
    if (!message.problem.empty()) return;  // the witness complained
    ++judgement_.looked_at;
    const auto complain = [&](const auto&... what) {
      judgement_.Complain(absl::StrCat(topic, " position ", message.position, ", lane ", message.lane, ", sequence ",
                                       message.first_sequence, ": ", what...));
    };
    const uint64_t records = message.records.size();
    Stream& stream = streams_[{topic, message.lane}];
    if (message.first_sequence != stream.next) complain("the lane's sequence ", stream.next, " is next in this topic");
    stream.next = message.first_sequence + records;
    CompareEnvelope(topic, message, complain);

    if (unreadable_.contains(message.lane)) return;
    if (stream.kept == stream.promised.size()) {
      return complain("no ledger entry delivered it; it says it is of entry ", message.lane_sequence);
    }
    const Promised promised = stream.promised[stream.kept];
    if (promised.lane_sequence != message.lane_sequence ||
        promised.first_sequence + stream.kept_of_one != message.first_sequence) {
      complain("it says it is of ledger entry ", message.lane_sequence, "; sequence ",
               promised.first_sequence + stream.kept_of_one, " of entry ", promised.lane_sequence, " is next");
    }
    stream.kept_of_one += records;
    const bool in_pieces = promised.in_pieces;
    if (stream.kept_of_one > promised.records || (!in_pieces && stream.kept_of_one != promised.records)) {
      complain("ledger entry ", promised.lane_sequence, " delivered ", promised.records, " records, here are ",
               stream.kept_of_one);
    }
    if (!in_pieces || stream.kept_of_one >= promised.records) {
      ++stream.kept;
      stream.kept_of_one = 0;
    }
  }

  // The message must stand in the topic that its own words name.
  template <typename Complain>
  void CompareEnvelope(const std::string& topic, const Witness::Message& message, const Complain& complain) {
    const auto envelope = pipeline::DecodeDeliveryEnvelope(message.envelope);
    if (!envelope.ok()) return complain(std::string(envelope.status().message()));
    const std::string named = envelope->subscription_id() != 0 ? absl::StrCat("again.", envelope->subscription_id())
                                                               : absl::StrCat("deliver.", envelope->view_id());
    if (named != topic) complain("its envelope says that it belongs to ", named);
  }

  const Evidence& evidence_;
  std::map<std::pair<std::string, uint32_t>, Stream> streams_;  // by topic and lane
  std::set<uint32_t> unreadable_;                               // lanes
  Judgement judgement_;
};

}  // namespace

Judgement StreamSequencesAreGapFree(const Evidence& evidence) { return StreamJudge(evidence).Judge(); }

}  // namespace datong::simulation
