// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/naive_stage.h"

#include <algorithm>

namespace datong::simulation {

using ledger::Verdict;

Verdict NaiveStage::Take(NaiveRegister& entities, const Waiting& incoming) {
  ++rows_;
  Verdict verdict = Verdict::kUnchanged;  // "gone" is as good as no row
  if (!incoming.row->is_delete) {
    const bool named = !named_.insert(incoming.key).second;
    const NaiveRegister::Entry* known = entities.Find(incoming.key);
    Waiting* earlier = LatestOf(incoming.key);
    // What the row before said: it waits, or nothing came of it because the register said the same. Where somebody else
    // changed the key since, that is not known any more.
    const bool register_said_it = known != nullptr && known->content != nullptr && !ChangedSince(*known);
    if (identity_.flows) {
      verdict = TakeFlowing(entities, incoming, named);
    } else if (earlier != nullptr) {
      verdict = TakeSecondRow(entities, earlier, *earlier->row, incoming);
    } else if (named && register_said_it) {
      verdict = TakeSecondRow(entities, nullptr, *known->content, incoming);
    } else {
      verdict = entities.Judge(incoming.key, *incoming.row, incoming.place);
      if (verdict == Verdict::kDuplicate && !SaysTheSame(entities, *known->content, incoming)) {
        verdict = Verdict::kStale;
      }
      if (ledger::IsAdmitted(verdict)) {
        verdict = Verdict::kStaged;
        waiting.push_back(incoming);
      }
    }
  }
  ++verdicts_[verdict];
  return verdict;
}

Verdict NaiveStage::TakeFlowing(NaiveRegister& entities, const Waiting& incoming, bool named) {
  const NaiveRegister::Entry* known = entities.Find(incoming.key);
  const bool is_second = named && identity_.same_key != FullPlan::SameKey::kLast && known != nullptr &&
                         known->present && (!ChangedSince(*known) || known->by.snapshot == identity_.snapshot);
  if (!is_second) return entities.Take(incoming.key, *incoming.row, incoming.place, supplier());
  return SameContent(*known->content, *incoming.row) ? Verdict::kDuplicate : Verdict::kConflictingRows;
}

bool NaiveStage::SaysTheSame(const NaiveRegister& entities, const Row& said, const Waiting& incoming) const {
  if (incoming.same && ChangedSince(*entities.Find(incoming.key))) return false;
  return SameContent(said, *incoming.row);
}

// `earlier`: nullptr when the earlier row does not wait.
Verdict NaiveStage::TakeSecondRow(const NaiveRegister& entities, Waiting* earlier, const Row& said,
                                  const Waiting& incoming) {
  if (SaysTheSame(entities, said, incoming)) return Verdict::kDuplicate;
  if (identity_.same_key == FullPlan::SameKey::kLast) {
    if (earlier != nullptr) earlier->set_aside = true;
    waiting.push_back(incoming);
    return Verdict::kStaged;
  }
  if (identity_.same_key == FullPlan::SameKey::kQuarantine && earlier != nullptr) earlier->set_aside = true;
  return Verdict::kConflictingRows;
}

void NaiveStage::TakeDefective(const std::string& key) {
  ++rows_;
  if (key.empty()) {
    ++keyless_;
  } else {
    defective_.insert(key);
  }
}

NaiveStage::Waiting* NaiveStage::LatestOf(const std::string& key) {
  const auto found = std::find_if(waiting.rbegin(), waiting.rend(), [&](const Waiting& one) { return one.key == key; });
  return found == waiting.rend() ? nullptr : &*found;
}

bool NaiveStage::IsDue(const std::string& key, const NaiveRegister::Entry& entry) const {
  return entry.present && entry.by.source == identity_.source && entry.by.partition == identity_.partition &&
         !ChangedSince(entry) && entry.place.file_sequence <= identity_.file_sequence && !named_.contains(key) &&
         !defective_.contains(key);
}

NaiveStage::Facts NaiveStage::FactsOf(const NaiveRegister& entities) const {
  Facts facts;
  facts.rows = rows_;
  facts.keyless = keyless_;
  facts.broken_off = phase == Phase::kBrokenOff;
  const auto count = [&](Verdict verdict) {
    const auto found = verdicts_.find(verdict);
    return found == verdicts_.end() ? 0 : found->second;
  };
  facts.inserts = count(Verdict::kInserted);
  facts.updates = count(Verdict::kUpdated);
  facts.conflicting = count(Verdict::kConflictingRows);
  if (facts.broken_off) return facts;  // nothing of it will count
  for (const Waiting& one : waiting) {
    const NaiveRegister::Entry* known = entities.Find(one.key);
    ++(one.set_aside ? facts.conflicting : known == nullptr || !known->present ? facts.inserts : facts.updates);
  }
  for (const auto& [key, entry] : entities.entries()) {
    const bool is_its =
        entry.present && entry.by.source == identity_.source && entry.by.partition == identity_.partition;
    facts.source_keys += is_its ? 1 : 0;
    facts.absent += IsDue(key, entry) ? 1 : 0;
  }
  return facts;
}

}  // namespace datong::simulation
