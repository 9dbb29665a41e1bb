// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/judges/judge.h"

namespace datong::simulation {

const std::vector<Judge>& AllJudges() {
  static const std::vector<Judge> judges = {
      {"exactly_once_per_subscription", ExactlyOncePerSubscription},
      {"order_per_key_is_kept", OrderPerKeyIsKept},
      {"versions_never_go_back", VersionsNeverGoBack},
      {"books_balance", BooksBalance},
      {"ledger_chain_holds", LedgerChainHolds},
      {"stream_sequences_are_gap_free", StreamSequencesAreGapFree},
      {"catalogs_converge", CatalogsConverge},
      {"present_state_equals_naive", PresentStateEqualsNaive},
      {"verdicts_equal_naive", VerdictsEqualNaive},
      {"nothing_outside_a_view_leaves", NothingOutsideAViewLeaves},
      {"retention_keeps_what_is_needed", RetentionKeepsWhatIsNeeded},
      {"index_equals_one_rebuilt", IndexEqualsOneRebuilt},
      {"nothing_visible_is_ever_lost", NothingVisibleIsEverLost},
      {"every_row_is_published_once", EveryRowIsPublishedOnce},
  };
  return judges;
}

}  // namespace datong::simulation
