// SPDX-License-Identifier: Apache-2.0
// What the file says of full dumps and of spellings is what the table holds, said to people in the file's words; what
// says nothing, or nothing that counts, is refused at its place.
#include <algorithm>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/catalog/snapshot_policy.h"
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {
CatalogMaker With(const std::string& snapshots) {
  CatalogMaker maker;
  maker.resource_tail += "    snapshots: " + snapshots + "\n";
  return maker;
}
Finding Only(const CatalogMaker& maker, const std::string& code, const std::string& underlined) {
  return OnlyFinding("", maker.Text(), code, underlined);
}
SnapshotPolicy PolicyOf(const std::string& snapshots) {
  CatalogTable table;
  MustApply(With(snapshots).Text(), table);
  return table.FindResource("companies")->snapshots;
}
// What `apply` says of the resource when `after` follows `before`.
std::string Said(const CatalogMaker& before, const CatalogMaker& after, CatalogTable& table) {
  MustApply(before.Text(), table);
  for (const std::string& line : MustApply(after.Text(), table).summary) {
    if (line.rfind("resource ", 0) == 0) return line;
  }
  return "";
}
CatalogMaker WithItem(const std::string& code_item) {
  CatalogMaker maker;
  maker.items = Replaced(maker.items, "- code\n", "- " + code_item + "\n");
  return maker;
}
}  // namespace

TEST_CASE("Every key of snapshots reaches the table") {
  const SnapshotPolicy policy = PolicyOf(
      "{vanish_share_max: 2.5%, suspicious_counts: [5000, 1000, 1000], added_columns: pass, same_key: last, "
      "early_flow: true, one_item_share_max: 90%}");
  CHECK(policy.vanish_permille_max == 25);
  CHECK(policy.vanish_records_max == 0);
  CHECK(policy.suspicious_counts == std::vector<uint64_t>{1000, 5000});
  CHECK(policy.added_columns_pass);
  CHECK(policy.same_key == SameKeyRule::kLast);
  CHECK(policy.early_flow);
  CHECK(policy.one_item_permille_max == 900);
  CHECK(PolicyOf("{vanish_records_max: 500}").vanish_records_max == 500);
  CHECK(PolicyOf("{vanish_share_max: 100%}").vanish_permille_max == 1000);
  CHECK(PolicyOf("{vanish_share_max: 0%}").vanish_permille_max == 0);
  CHECK(PolicyOf("{same_key: first}").same_key == SameKeyRule::kFirst);
}

TEST_CASE("What is not written is as in a policy nobody wrote") {
  CHECK(PolicyOf("{}") == SnapshotPolicy());
  CHECK(PolicyOf("{one_item_share_max: off, added_columns: hold, same_key: quarantine, vanish_share_max: 20%}") ==
        SnapshotPolicy());
  CHECK(PolicyOf("{same_key: first}").vanish_permille_max == 200);
  CatalogTable table;
  MustApply(CatalogMaker().Text(), table);
  CHECK(table.FindResource("companies")->snapshots == SnapshotPolicy());
  CHECK(MustApply(With("{}").Text(), table).framed_change.empty());
}

TEST_CASE("Numbers and words that mean nothing are refused where they stand") {
  for (const std::string share : {"20", "101%", "2.55%", "-1%", "%", ".5%", "1000%", "20 %", "２０%"}) {
    INFO(share);
    Only(With("{vanish_share_max: '" + share + "'}"), "bad_value", "'" + share + "'");
  }
  Only(With("{one_item_share_max: none}"), "bad_value", "none");
  Only(With("{one_item_share_max: 0%}"), "bad_value", "0%");
  Only(With("{vanish_records_max: 0}"), "bad_value", "0");
  Only(With("{vanish_records_max: 5, vanish_share_max: 1%}"), "bad_value", "vanish_share_max");
  Only(With("{suspicious_counts: [1000, 1e3]}"), "bad_value", "1e3");
  Only(With("{suspicious_counts: [0]}"), "bad_value", "0");
  Only(With("{suspicious_counts: 1000}"), "wrong_type", "1000");
  Only(With("{added_columns: drop}"), "bad_value", "drop");
  CHECK(Only(With("{same_key: lst}"), "bad_value", "lst").next == "did you mean 'last'?");
  Only(With("{early_flow: yes}"), "wrong_type", "yes");
  CHECK(Only(With("{vanish_share: 5%}"), "unknown_key", "vanish_share").next == "did you mean 'vanish_share_max'?");
  Only(With("hold"), "wrong_type", "hold");
}

TEST_CASE("Events have no snapshots, but a connector in full mode may bring them") {
  CatalogMaker event = With("{same_key: first}");
  event.resource_head = Replaced(event.resource_head, "entity", "event");
  Only(event, "bad_value", "snapshots");
  event.resource_tail = "    key: [code]\n";
  event.rest = "connectors:\n  - {name: c, kind: file, source: {resource: companies, path: a.csv, mode: full}}\n";
  CatalogTable table;
  MustApply(event.Text(), table);
}

TEST_CASE("A changed policy makes no schema version and is told in the file's words") {
  CatalogTable table;
  CHECK(Said(CatalogMaker(), With("{vanish_share_max: 2.5%, same_key: first, suspicious_counts: [7]}"), table) ==
        "resource companies: changed (snapshots: vanish_share_max 2.5%, suspicious_counts 7, same_key first)");
  CHECK(table.FindResource("companies")->schema->version == 1);
  CHECK(table.FindResource("companies")->versions.size() == 1);
  CHECK(Said(With("{vanish_share_max: 100%, one_item_share_max: 95%}"), CatalogMaker(), table) ==
        "resource companies: changed (snapshots: vanish_share_max 20%, one_item_share_max off)");
  CatalogMaker more = With("{added_columns: pass}");
  more.items += "      - extra\n";
  CHECK(Said(CatalogMaker(), more, table) ==
        "resource companies: schema version 2 (new items: extra; snapshots: added_columns pass)");
}

TEST_CASE("Early flow names the stops that are lost, when it comes and when it comes with the resource") {
  const std::string lost =
      "early flow - vanishing, empty, keys_missing and unreadable_keys judge only the deletes; cut_at_limit, "
      "columns_differ, keys_respelled and one_item_changes can no longer stop changes";
  CatalogTable table;
  CHECK(Said(CatalogMaker(), With("{early_flow: true}"), table) ==
        "resource companies: changed (snapshots: " + lost + ")");
  CHECK(Said(With("{early_flow: true}"), CatalogMaker(), table) ==
        "resource companies: changed (snapshots: no early flow - every stop can stop changes again)");
  CatalogTable fresh;
  const std::vector<std::string> summary = MustApply(With("{early_flow: true}").Text(), fresh).summary;
  CHECK(std::find(summary.begin(), summary.end(),
                  "resource companies: new (4 items, 4 partitions; snapshots: " + lost + ")") != summary.end());
}

TEST_CASE("A log that holds an impossible policy is refused") {
  v1::SnapshotPolicy stored;
  WritePolicy(SnapshotPolicy(), stored);
  CHECK(PolicyContradiction(stored).empty());
  CHECK(PolicyFrom(stored) == SnapshotPolicy());
  stored.set_vanish_permille_max(1001);
  CHECK_FALSE(PolicyContradiction(stored).empty());
  stored.set_vanish_permille_max(0);
  stored.set_same_key(static_cast<v1::SameKeyRule>(9));
  CHECK_FALSE(PolicyContradiction(stored).empty());
}

TEST_CASE("Spellings of a key item are compiled into the schema") {
  CatalogTable table;
  MustApply(WithItem("{name: code, same_spelling: [case, width]}").Text(), table);
  const auto* item = table.FindResource("companies")->schema->FindByName("code");
  CHECK(item->ignore_case);
  CHECK(item->ignore_width);
  CHECK_FALSE(item->ignore_spaces);
  CatalogMaker event = WithItem("{name: code, same_spelling: [spaces]}");
  event.resource_head = Replaced(event.resource_head, "entity", "event");
  event.resource_tail = "    id: [code]\n";
  CatalogTable events;
  MustApply(event.Text(), events);
  CHECK(events.FindResource("companies")->schema->FindByName("code")->ignore_spaces);
}

TEST_CASE("Spelling is for text that names the object, by known rules") {
  CHECK(Only(WithItem("{name: code, same_spelling: [cas]}"), "bad_value", "cas").next == "did you mean 'case'?");
  Only(WithItem("{name: code, same_spelling: case}"), "wrong_type", "case");
  Only(WithItem("{name: code, type: int64, same_spelling: [case]}"), "bad_value", "same_spelling");
  CatalogMaker other;
  other.items += "      - {name: note, same_spelling: [spaces]}\n";
  Only(other, "bad_value", "same_spelling");
  other.items += "      - {name: old, same_spelling: [spaces], retired: true}\n";
  Only(other, "bad_value", "same_spelling");
}

TEST_CASE("Spelling cannot change: every stored digest was made by it") {
  const std::string plain = CatalogMaker().Text();
  const std::string folded = WithItem("{name: code, same_spelling: [case]}").Text();
  CHECK(OnlyFinding(plain, folded, "breaking_change", "[").next == "make a new resource");
  OnlyFinding(folded, plain, "breaking_change", "code");
  OnlyFinding(folded, WithItem("{name: code, same_spelling: [width]}").Text(), "breaking_change", "[");
  CHECK(FindingsAfter(folded, folded).empty());
}

TEST_CASE("What a file source states of its dumps is checked as far as the file tells") {
  const auto source = [](const std::string& options) {
    CatalogMaker maker;
    maker.rest =
        "connectors:\n  - {name: c, kind: file, source: {resource: companies, path: a.csv, " + options + "}}\n";
    return maker;
  };
  CatalogTable table;
  MustApply(source("mode: full, manifest: [sha256, count], trailer: 合计, as_of: name").Text(), table);
  const auto& options = table.FindConnector("c")->options;
  CHECK(options.at("manifest") == "sha256\ncount");
  CHECK(options.at("trailer") == "合计");
  CHECK(options.at("as_of") == "name");
  MustApply(source("mode: full, manifest: [as_of], as_of: manifest").Text(), table);
  MustApply(source("mode: full, as_of: item").Text(), table);
  MustApply(source("manifest: [sha256], trailer: END").Text(), table);
  CHECK(Only(source("manifest: [sha265]"), "bad_value", "sha265").next == "did you mean 'sha256'?");
  Only(source("mode: full, as_of: date"), "bad_value", "date");
  Only(source("as_of: name"), "bad_value", "as_of");
  Only(source("mode: full, as_of: name, manifest: [as_of]"), "bad_value", "name");
  Only(source("trailer: ''"), "bad_value", "''");
  Only(source("format: jsonl, trailer: END"), "bad_value", "trailer");
}
