// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/snapshot/snapshot_judgement.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>

#include "datong/exchange/v1/snapshot_journal.pb.h"

namespace datong::snapshot {
namespace {

// Rows of a sheet of the old and of the new workbook format, with and without the header.
constexpr std::array<uint64_t, 4> kSheetLimits = {65'535, 65'536, 1'048'575, 1'048'576};
constexpr double kMostlyRespelled = 0.5;
constexpr uint64_t kKeylessPercentMax = 1;
constexpr uint64_t kComparedMin = 20;  // fewer changed records say nothing about all

std::string Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? "all"
                    : absl::StrFormat("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::optional<Stop> Vanishing(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts) {
  const bool by_number = policy.vanish_records_max != 0;
  const bool too_many = by_number ? facts.absent > policy.vanish_records_max
                                  : facts.absent * 1000 > facts.source_keys * policy.vanish_permille_max;
  if (!too_many) return std::nullopt;
  return Stop{"vanishing",
              absl::StrCat(facts.absent, " of the ", facts.source_keys, " keys this source supplied (",
                           Share(facts.absent, facts.source_keys), ") are not in it; at most ",
                           by_number ? absl::StrCat(policy.vanish_records_max, " keys")
                                     : absl::StrFormat("%g %%", policy.vanish_permille_max / 10.0),
                           " may vanish at once. Probably the dump is not complete, or filtered by a condition")};
}

std::optional<Stop> Empty(const SnapshotFacts& facts) {
  if (facts.rows != 0 || (facts.source_keys == 0 && !facts.last_rows)) return std::nullopt;
  return Stop{"empty", absl::StrCat("it has no rows, where the source supplied ", facts.source_keys,
                                    " keys. Probably the export failed")};
}

std::optional<Stop> CutAtLimit(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts) {
  const auto& declared = policy.suspicious_counts;
  const bool is_limit = std::find(kSheetLimits.begin(), kSheetLimits.end(), facts.rows) != kSheetLimits.end() ||
                        std::find(declared.begin(), declared.end(), facts.rows) != declared.end();
  if (!is_limit || !facts.last_rows || facts.rows >= *facts.last_rows) return std::nullopt;
  return Stop{"cut_at_limit",
              absl::StrCat("it has exactly ", facts.rows, " rows, a known limit, and the last one had ",
                           *facts.last_rows, ". Probably a spreadsheet or a page size cut the rest off")};
}

std::optional<Stop> KeysMissing(const SnapshotFacts& facts) {
  if (facts.columns.key_dropped) {
    return Stop{"keys_missing", "an item of the key has no column: without it no row can be told from another"};
  }
  if (facts.keyless * 100 <= facts.rows * kKeylessPercentMax) return std::nullopt;
  return Stop{"keys_missing",
              absl::StrCat(facts.keyless, " of ", facts.rows, " rows (", Share(facts.keyless, facts.rows),
                           ") have no readable key. Probably a column was emptied or shifted")};
}

std::optional<Stop> UnreadableKeys(const SnapshotFacts& facts) {
  if (facts.keyless == 0 || facts.absent == 0) return std::nullopt;
  return Stop{
      "unreadable_keys",
      absl::StrCat(facts.keyless, " rows have no readable key, and ", facts.absent,
                   " keys are to be deleted: those rows may be among them. Repair the rows, or look at the keys "
                   "and confirm")};
}

std::optional<Stop> ColumnsDiffer(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts) {
  if (facts.columns.none() || (facts.columns.only_added() && policy.added_columns_pass)) return std::nullopt;
  return Stop{"columns_differ", Describe(facts.columns)};
}

std::optional<Stop> KeysRespelled(const SnapshotFacts& facts) {
  if (!facts.respelled_share || *facts.respelled_share < kMostlyRespelled) return std::nullopt;
  return Stop{
      "keys_respelled",
      absl::StrFormat("nearly all keys change (%d vanish, %d are new), and about %.0f %% of them agree when letter "
                      "case, spaces, width and byte order marks are ignored. Probably the export writes keys in "
                      "another way; `same_spelling` of the key item makes both name the same object",
                      facts.absent, facts.inserts, 100 * *facts.respelled_share)};
}

std::optional<Stop> OneItemChanges(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts) {
  if (policy.one_item_permille_max == 0 || facts.updates_compared < kComparedMin) return std::nullopt;
  if (facts.updates * 1000 < facts.rows * policy.one_item_permille_max) return std::nullopt;
  for (const auto& [item, records] : facts.changed_items) {
    if (records * 1000 < facts.updates_compared * policy.one_item_permille_max) continue;
    return Stop{"one_item_changes",
                absl::StrCat(facts.updates, " of ", facts.rows, " records change, nearly all of them in item ", item,
                             ". Probably its form changed; an item that may change freely is `compared: false`")};
  }
  return std::nullopt;
}

}  // namespace

void AddReport(const exchange::v1::SnapshotReport& report, const std::map<uint32_t, std::string>& field_names,
               SnapshotFacts& facts) {
  facts.rows += report.rows();
  facts.inserts += report.inserts();
  facts.updates += report.updates();
  facts.unchanged += report.unchanged();
  facts.duplicates += report.duplicates();
  facts.quarantined += report.quarantined();
  facts.conflicting += report.conflicting();
  facts.keyless += report.keyless();
  facts.source_keys += report.source_keys();
  facts.absent += report.absent();
  facts.updates_compared += report.updates_compared();
  for (const auto& changed : report.changed_items()) {
    const auto name = field_names.find(changed.field_number());
    if (name != field_names.end()) facts.changed_items[name->second] += changed.records();
  }
}

// The k smallest of both kinds together are drawn evenly from all keys that vanish or appear; those of them that are in
// both kinds measure how far the two agree (bottom-k sketch: Cohen & Kaplan, "Summarizing data using bottom-k
// sketches").
std::optional<double> RespelledShare(std::vector<uint64_t> absent, std::vector<uint64_t> inserted) {
  if (absent.empty() || inserted.empty()) return std::nullopt;
  const auto tidy = [](std::vector<uint64_t>& digests) {
    std::sort(digests.begin(), digests.end());
    digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
    if (digests.size() > kSketchDigests) digests.resize(kSketchDigests);
  };
  tidy(absent);
  tidy(inserted);
  std::vector<uint64_t> both;
  std::set_union(absent.begin(), absent.end(), inserted.begin(), inserted.end(), std::back_inserter(both));
  if (both.size() > kSketchDigests) both.resize(kSketchDigests);
  const auto shared = std::count_if(both.begin(), both.end(), [&](uint64_t digest) {
    return std::binary_search(absent.begin(), absent.end(), digest) &&
           std::binary_search(inserted.begin(), inserted.end(), digest);
  });
  return static_cast<double>(shared) / static_cast<double>(both.size());
}

std::vector<Stop> FindStops(const catalog::SnapshotPolicy& policy, const SnapshotFacts& facts) {
  std::vector<Stop> stops;
  const auto add = [&stops](std::optional<Stop> stop) {
    if (stop) stops.push_back(*std::move(stop));
  };
  const bool judged = !facts.flows || facts.absent > 0;
  if (!facts.columns.key_dropped) add(Empty(facts));
  if (judged || facts.columns.key_dropped) add(KeysMissing(facts));  // without a key column nothing was read
  if (judged) add(ColumnsDiffer(policy, facts));
  add(CutAtLimit(policy, facts));
  add(KeysRespelled(facts));
  add(Vanishing(policy, facts));
  add(UnreadableKeys(facts));
  if (!facts.flows) add(OneItemChanges(policy, facts));
  return stops;
}

}  // namespace datong::snapshot
