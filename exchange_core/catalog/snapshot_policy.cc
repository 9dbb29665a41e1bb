// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/snapshot_policy.h"

#include "datong/catalog/v1/catalog.pb.h"

namespace datong::catalog {
namespace {

static_assert(static_cast<int>(SameKeyRule::kQuarantine) == v1::SAME_KEY_QUARANTINE);
static_assert(static_cast<int>(SameKeyRule::kFirst) == v1::SAME_KEY_FIRST);
static_assert(static_cast<int>(SameKeyRule::kLast) == v1::SAME_KEY_LAST);

constexpr uint32_t kWhole = 1000;

std::string RuleWord(SameKeyRule rule) {
  switch (rule) {
    case SameKeyRule::kQuarantine:
      return "quarantine";
    case SameKeyRule::kFirst:
      return "first";
    case SameKeyRule::kLast:
      return "last";
  }
  return "unknown";
}

std::string CountsAsText(const std::vector<uint64_t>& counts) {
  std::string text;
  for (const uint64_t count : counts) text += (text.empty() ? "" : " ") + std::to_string(count);
  return text.empty() ? "none" : text;
}

}  // namespace

SnapshotPolicy PolicyFrom(const v1::SnapshotPolicy& stored) {
  SnapshotPolicy policy;
  policy.vanish_permille_max = stored.vanish_permille_max();
  policy.vanish_records_max = stored.vanish_records_max();
  policy.suspicious_counts.assign(stored.suspicious_counts().begin(), stored.suspicious_counts().end());
  policy.added_columns_pass = stored.added_columns_pass();
  policy.same_key = static_cast<SameKeyRule>(stored.same_key());
  policy.early_flow = stored.early_flow();
  policy.one_item_permille_max = stored.one_item_permille_max();
  return policy;
}

void WritePolicy(const SnapshotPolicy& policy, v1::SnapshotPolicy& into) {
  into.Clear();
  into.set_vanish_permille_max(policy.vanish_permille_max);
  into.set_vanish_records_max(policy.vanish_records_max);
  for (const uint64_t count : policy.suspicious_counts) into.add_suspicious_counts(count);
  into.set_added_columns_pass(policy.added_columns_pass);
  into.set_same_key(static_cast<v1::SameKeyRule>(policy.same_key));
  into.set_early_flow(policy.early_flow);
  into.set_one_item_permille_max(policy.one_item_permille_max);
}

std::string PolicyContradiction(const v1::SnapshotPolicy& stored) {
  if (stored.vanish_permille_max() > kWhole || stored.one_item_permille_max() > kWhole) {
    return "a share above the whole";
  }
  if (stored.same_key() < v1::SAME_KEY_QUARANTINE || stored.same_key() > v1::SAME_KEY_LAST) {
    return "same_key number " + std::to_string(stored.same_key());
  }
  return "";
}

std::string PermilleAsText(uint32_t permille) {
  return std::to_string(permille / 10) + (permille % 10 == 0 ? "" : "." + std::to_string(permille % 10)) + "%";
}

std::string DescribePolicyChange(const SnapshotPolicy& before, const SnapshotPolicy& after) {
  std::string text;
  const auto add = [&text](bool differs, const char* key, const std::string& value) {
    if (differs) text += (text.empty() ? "" : ", ") + std::string(key) + " " + value;
  };
  add(before.vanish_permille_max != after.vanish_permille_max, "vanish_share_max",
      after.vanish_permille_max == kWhole ? "100% (off)" : PermilleAsText(after.vanish_permille_max));
  add(before.vanish_records_max != after.vanish_records_max, "vanish_records_max",
      after.vanish_records_max == 0 ? "none" : std::to_string(after.vanish_records_max));
  add(before.suspicious_counts != after.suspicious_counts, "suspicious_counts", CountsAsText(after.suspicious_counts));
  add(before.added_columns_pass != after.added_columns_pass, "added_columns",
      after.added_columns_pass ? "pass" : "hold");
  add(before.same_key != after.same_key, "same_key", RuleWord(after.same_key));
  add(before.one_item_permille_max != after.one_item_permille_max, "one_item_share_max",
      after.one_item_permille_max == 0 ? "off" : PermilleAsText(after.one_item_permille_max));
  if (before.early_flow == after.early_flow) return text;
  if (!text.empty()) text += ", ";
  if (!after.early_flow) return text + "no early flow - every stop can stop changes again";
  return text +
         "early flow - vanishing, empty, keys_missing and unreadable_keys judge only the deletes; cut_at_limit, "
         "columns_differ, keys_respelled and one_item_changes can no longer stop changes";
}

}  // namespace datong::catalog
