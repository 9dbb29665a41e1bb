// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/naive_rules.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <limits>

namespace datong::simulation {
namespace {

using ledger::Verdict;

constexpr base::TimeUs kWindowByDefault = base::TimeUs{30} * 24 * 3600 * 1'000'000;
constexpr base::TimeUs kWindowSlackPart = 16;

}  // namespace

const std::string& ValueOf(const Row& row, const std::string& item) {
  static const std::string absent;
  const auto value = row.values.find(item);
  return value == row.values.end() ? absent : value->second;
}

bool SameContent(const Row& one, const Row& other) {
  const auto holds = [](const Row& all, const Row& of) {
    for (const auto& [item, value] : of.values) {
      if (ValueOf(all, item) != value) return false;
    }
    return true;
  };
  return holds(one, other) && holds(other, one);
}

int64_t DeclaredVersion(const Row& row) {
  int64_t version = 0;
  return absl::SimpleAtoi(ValueOf(row, "rev"), &version) ? version : 0;
}

// --- registers

// A declared version is stronger than the source's order.
NaiveRegister::Age NaiveRegister::AgeOf(const Entry& entry, int64_t version, SourcePlace place) const {
  if (versioned_ && version != entry.version) return version < entry.version ? Age::kOlder : Age::kNewer;
  if (place == entry.place) return Age::kSame;
  return place < entry.place ? Age::kOlder : Age::kNewer;
}

// Nobody can delete with what is older than known. At the same place the delete prevails.
Verdict NaiveRegister::JudgeDelete(const Entry& entry, Age age, int64_t version) const {
  if (age == Age::kOlder) return Verdict::kStale;
  if (entry.present) return Verdict::kDeleted;
  if (age == Age::kSame) return Verdict::kDuplicate;
  return versioned_ && version > entry.version ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
}

Verdict NaiveRegister::JudgeRow(const Entry& entry, Age age, int64_t version, const Row& now) const {
  const bool same = entry.content != nullptr && SameContent(*entry.content, now);
  const bool too_late = age == Age::kOlder || (age == Age::kSame && !entry.present);
  if (too_late) return same ? Verdict::kDuplicate : Verdict::kStale;
  if (!entry.present) return Verdict::kInserted;
  if (!same) return Verdict::kUpdated;
  if (age == Age::kSame) return Verdict::kDuplicate;
  return versioned_ && version > entry.version ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
}

const NaiveRegister::Entry* NaiveRegister::Find(const std::string& key) const {
  const auto known = entries_.find(key);
  return known == entries_.end() ? nullptr : &known->second;
}

Verdict NaiveRegister::Judge(const std::string& key, const Row& now, SourcePlace place) const {
  const int64_t version = versioned_ ? DeclaredVersion(now) : 0;
  const Entry* known = Find(key);
  if (known == nullptr) {
    // To delete what was never there changes nothing; but a declared version holds from then on.
    return !now.is_delete ? Verdict::kInserted : versioned_ ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
  }
  const Age age = AgeOf(*known, version, place);
  return now.is_delete ? JudgeDelete(*known, age, version) : JudgeRow(*known, age, version, now);
}

Verdict NaiveRegister::Take(const std::string& key, const Row& now, SourcePlace place, const Supplier& by) {
  const Verdict verdict = Judge(key, now, place);
  ++moment_;
  if (!ledger::IsAccepted(verdict) && verdict != Verdict::kUnchangedNewer) return verdict;
  const auto [known, is_new] = entries_.try_emplace(key);
  Entry& entry = known->second;
  if (is_new) entry.number = entries_of_partition_[by.partition]++;
  entry.version = versioned_ ? DeclaredVersion(now) : 0;
  entry.place = place;
  if (verdict == Verdict::kUnchangedNewer) return verdict;
  entry.by = by;
  entry.present = !now.is_delete;
  if (!entry.present) return verdict;
  entry.content = &now;
  entry.content_at = moment_;
  return verdict;
}

void NaiveRegister::Delete(const std::string& key, uint32_t file_sequence, const Supplier& by) {
  ++moment_;
  Entry& entry = entries_[key];
  entry.place = {file_sequence, std::numeric_limits<uint64_t>::max()};
  entry.present = false;
  entry.by = by;
}

std::string NaiveRegister::Known(const std::string& key) const {
  const auto known = entries_.find(key);
  if (known == entries_.end()) return "the key is unknown";
  const Entry& entry = known->second;
  return absl::StrCat("the key is ", entry.present ? "present" : "gone", " since file number ",
                      entry.place.file_sequence, " row ", entry.place.row,
                      versioned_ ? absl::StrCat(", version ", entry.version) : "");
}

// --- events

Verdict NaiveEvents::Take(const Row& row, base::TimeUs commit_time, Verdict said) {
  const base::TimeUs window = window_us_ > 0 ? window_us_ : kWindowByDefault;
  const auto [known, is_new] = taken_.try_emplace({ValueOf(row, "code"), ValueOf(row, "serial")}, commit_time);
  if (is_new) return Verdict::kInserted;
  const base::TimeUs ago = commit_time - known->second;
  const bool may_be_either = ago > window && ago <= window + window / kWindowSlackPart;
  if (ago <= window || (may_be_either && said != Verdict::kInserted)) return Verdict::kDuplicate;
  known->second = commit_time;
  return Verdict::kInserted;
}

std::string NaiveEvents::Known(const Row& row) const {
  const auto known = taken_.find({ValueOf(row, "code"), ValueOf(row, "serial")});
  return known == taken_.end() ? "the id is unknown" : absl::StrCat("the id was taken at ", known->second);
}

}  // namespace datong::simulation
