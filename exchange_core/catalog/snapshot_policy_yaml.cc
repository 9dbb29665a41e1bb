// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/snapshot_policy_yaml.h"

#include <algorithm>
#include <optional>
#include <string>

#include "exchange_core/catalog/yaml_map_reader.h"

namespace datong::catalog {
namespace {

constexpr size_t kCountDigitsMax = 15;
constexpr size_t kSuspiciousCountsMax = 100;
constexpr uint32_t kWhole = 1000;

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "20%" is 200, "2.5%" is 25. nullopt when it is anything else, or more than the whole.
std::optional<uint32_t> Permille(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  text.remove_suffix(1);
  std::string_view tenths = "0";
  if (const size_t point = text.find('.'); point != std::string_view::npos) {
    tenths = text.substr(point + 1);
    text = text.substr(0, point);
  }
  if (!AllDigits(text) || text.size() > 3 || !AllDigits(tenths) || tenths.size() != 1) return std::nullopt;
  const auto permille = static_cast<uint32_t>(std::stoul(std::string(text)) * 10 + std::stoul(std::string(tenths)));
  return permille > kWhole ? std::nullopt : std::optional(permille);
}

void ReadShares(YamlMapReader& reader, const YamlNode& node, SnapshotPolicy& policy, Findings& findings) {
  if (const std::string text = reader.Text("vanish_share_max", Need::kOptional); !text.empty()) {
    const std::optional<uint32_t> permille = Permille(text);
    policy.vanish_permille_max = permille.value_or(policy.vanish_permille_max);
    if (!permille) {
      findings.Add(node.At("vanish_share_max"), "bad_value", "'" + text + "' is no share",
                   "write a percentage such as 20% or 2.5%; 100% turns the stop off");
    }
  }
  if (const std::string text = reader.Text("one_item_share_max", Need::kOptional); !text.empty() && text != "off") {
    const std::optional<uint32_t> permille = Permille(text);
    policy.one_item_permille_max = permille.value_or(0);
    if (policy.one_item_permille_max == 0) {
      findings.Add(node.At("one_item_share_max"), "bad_value", "'" + text + "' is no share above 0%",
                   "write a percentage such as 90%, or off");
    }
  }
}

void ReadCounts(YamlMapReader& reader, const YamlNode& node, SnapshotPolicy& policy, Findings& findings) {
  policy.vanish_records_max = reader.Count("vanish_records_max").value_or(0);
  if (reader.has("vanish_records_max") && policy.vanish_records_max == 0) {
    findings.Add(node.At("vanish_records_max"), "bad_value", "'vanish_records_max' must be a number above 0",
                 "to have every vanishing key confirmed write 'vanish_share_max: 0%'");
  } else if (reader.has("vanish_records_max") && reader.has("vanish_share_max")) {
    findings.Add(node.AtKey("vanish_share_max"), "bad_value",
                 "'vanish_share_max' has no effect beside 'vanish_records_max'", "keep one of the two");
  }
  for (const PlacedText& count : reader.Texts("suspicious_counts")) {
    if (!AllDigits(count.text) || count.text.size() > kCountDigitsMax || count.text.front() == '0') {
      findings.Add(count.place, "bad_value", "'" + count.text + "' is no number of rows",
                   "write whole numbers in plain decimal: [1000, 5000]");
      continue;
    }
    policy.suspicious_counts.push_back(std::stoull(count.text));
  }
  std::vector<uint64_t>& counts = policy.suspicious_counts;
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  if (counts.size() > kSuspiciousCountsMax) {
    findings.Add(node.At("suspicious_counts"), "too_large",
                 "more than " + std::to_string(kSuspiciousCountsMax) + " suspicious counts");
  }
}

}  // namespace

SnapshotPolicy ReadSnapshotPolicy(const YamlNode& node, Findings& findings) {
  SnapshotPolicy policy;
  YamlMapReader reader(node, "snapshots",
                       {"vanish_share_max", "vanish_records_max", "suspicious_counts", "added_columns", "same_key",
                        "early_flow", "one_item_share_max"},
                       findings);
  if (!reader.is_map()) return policy;
  ReadShares(reader, node, policy, findings);
  ReadCounts(reader, node, policy, findings);
  policy.added_columns_pass = reader.Choice("added_columns", {"hold", "pass"}, Need::kOptional).value_or(0) == 1;
  policy.same_key =
      static_cast<SameKeyRule>(reader.Choice("same_key", {"quarantine", "first", "last"}, Need::kOptional).value_or(0));
  policy.early_flow = reader.Bool("early_flow").value_or(false);
  return policy;
}

}  // namespace datong::catalog
