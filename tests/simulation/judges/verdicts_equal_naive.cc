// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "tests/simulation/judges/judge.h"

// Every record has become what it should have: the ledger says of each what a naive exchange says, and the books add up
// to as many of each.
namespace datong::simulation {
namespace {

void CompareCounts(const node::ResourceBooks& books, const NaiveExchange::ResourceState& naive, Judgement& judgement) {
  std::map<ledger::Verdict, std::pair<uint64_t, uint64_t>> counts;
  for (const auto& [verdict, records] : books.verdicts) counts[verdict].first = records;
  for (const auto& [verdict, records] : naive.verdicts) counts[verdict].second = records;
  if (books.generated != naive.generated) {
    judgement.Complain(absl::StrCat("resource ", books.resource, ": the books count ", books.generated,
                                    " deletes of the exchange's own, there were ", naive.generated));
  }
  for (const auto& [verdict, both] : counts) {
    if (both.first == both.second) continue;
    judgement.Complain(absl::StrCat("resource ", books.resource, ": the books count ", both.first, " ",
                                    std::string(ledger::NameOf(verdict)), ", there were ", both.second));
  }
}

uint64_t PublishedRecords(const Witness& witness) {
  uint64_t published = 0;
  for (const auto& [place, partition] : witness.partitions()) {
    if (!absl::StartsWith(place.first, "pub.")) continue;
    for (const Witness::Message& message : partition.messages) published += message.records.size();
  }
  return published;
}

}  // namespace

Judgement VerdictsEqualNaive(const Evidence& evidence) {
  Judgement judgement;
  judgement.looked_at = evidence.naive.judged();
  for (const std::string& complaint : evidence.naive.complaints()) judgement.Complain(complaint);
  for (const node::ResourceBooks& books : evidence.exchange.books().resources) {
    const auto naive = evidence.naive.resources().find(books.resource);
    if (naive == evidence.naive.resources().end()) {
      judgement.Complain(absl::StrCat("resource ", books.resource, " has books, and nobody asked for it"));
    } else {
      CompareCounts(books, naive->second, judgement);
    }
  }
  for (const std::string& unfinished : evidence.naive.unfinished()) {
    if (evidence.settled) judgement.Complain(unfinished);
  }
  const uint64_t published = PublishedRecords(evidence.witness);
  if (evidence.settled && published != evidence.naive.judged()) {
    judgement.Complain(absl::StrCat(published, " records were published, ", evidence.naive.judged(), " were decided"));
  }
  return judgement;
}

}  // namespace datong::simulation
