// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/node/exchange.h"
#include "tests/simulation/department.h"
#include "tests/simulation/naive_exchange.h"
#include "tests/simulation/received_files.h"
#include "tests/simulation/witness.h"

namespace datong::simulation {

// All there is to know about a world at one moment.
struct Evidence {
  const Departments& departments;
  const Witness& witness;
  const NaiveExchange& naive;
  const std::map<std::string, Received>& received;  // by subscription
  node::Exchange& exchange;                         // running, between two steps
  uint64_t catalog_version_min = 0;                 // the last change whose caller was told OK
  bool settled = false;  // everything had time to arrive: what is missing now is lost. Else only what is wrong counts
};

// One property, named for what it promises. A judgement that looked at nothing is none: `looked_at` counts what was
// compared (records, messages, entries), and the simulation fails when a judge never looked at anything.
struct Judgement {
  uint64_t looked_at = 0;
  std::vector<std::string> complaints;  // one sentence each, with place: subscription, lane, sequence, key, file, row
  void Complain(std::string sentence) {
    if (complaints.size() < 20) complaints.push_back(std::move(sentence));
  }
};
struct Judge {
  std::string_view name;
  Judgement (*look)(const Evidence& evidence);
};

// Each in its own file.
Judgement ExactlyOncePerSubscription(const Evidence& evidence);
Judgement OrderPerKeyIsKept(const Evidence& evidence);
Judgement VersionsNeverGoBack(const Evidence& evidence);
Judgement BooksBalance(const Evidence& evidence);
Judgement LedgerChainHolds(const Evidence& evidence);
Judgement StreamSequencesAreGapFree(const Evidence& evidence);
Judgement CatalogsConverge(const Evidence& evidence);
Judgement PresentStateEqualsNaive(const Evidence& evidence);
Judgement VerdictsEqualNaive(const Evidence& evidence);
Judgement NothingOutsideAViewLeaves(const Evidence& evidence);
Judgement RetentionKeepsWhatIsNeeded(const Evidence& evidence);
Judgement IndexEqualsOneRebuilt(const Evidence& evidence);
Judgement NothingVisibleIsEverLost(const Evidence& evidence);
Judgement EveryRowIsPublishedOnce(const Evidence& evidence);

const std::vector<Judge>& AllJudges();

}  // namespace datong::simulation
