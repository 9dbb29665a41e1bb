// SPDX-License-Identifier: Apache-2.0
// Proves that equal grants share one view, that view numbers depend on the changes alone and are never reused, and that
// a revocation ends its subscriptions.
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {
std::string GrantLine(const std::string& name, const std::string& items) {
  return "  - {name: " + name + ", resource: companies, department: tax, items: " + items + ", purpose: p}\n";
}
std::string SubscriptionLine(const std::string& name, const std::string& grant, const std::string& start = "now") {
  return "  - {name: " + name + ", grant: " + grant + ", start: " + start + "}\n";
}
}  // namespace

TEST_CASE("Subscriptions with an equal view share it; all items listed is not the same as all") {
  CatalogMaker maker;
  maker.rest = "grants:\n" + GrantLine("a", "all") + GrantLine("b", "[名称, code]") + GrantLine("c", "[code, 名称]") +
               GrantLine("d", "[code, 名称, capital, revision]") + "subscriptions:\n" + SubscriptionLine("s1", "b") +
               SubscriptionLine("s2", "a", "beginning") + SubscriptionLine("s3", "c", "present") +
               SubscriptionLine("s4", "d");
  CatalogTable table;
  MustApply(maker.Text(), table);
  CHECK(table.FindSubscription("s1")->view_id == 1);
  CHECK(table.FindSubscription("s2")->view_id == 2);
  CHECK(table.FindSubscription("s3")->view_id == 1);
  CHECK(table.FindSubscription("s4")->view_id == 3);
  CHECK(table.FindSubscription("s3")->start == SubscriptionStart::kPresentState);
  CHECK(table.FindSubscription("s3")->since_version == 1);
  CHECK(table.FindView(1)->stream_topic() == "deliver.1");
  CHECK(table.FindView(1)->item_fields == std::vector<uint32_t>{1, 2});
  CHECK(table.FindView(1)->projection->Passes(2));
  CHECK(!table.FindView(1)->projection->Passes(3));
  CHECK(table.FindView(2)->projection->passes_everything());
  CHECK(!table.FindView(3)->projection->passes_everything());
  const uint32_t companies = table.FindResource("companies")->id;
  CHECK(table.ViewsOf(companies).size() == 3);
  CHECK(table.SubscriptionsOf(1).size() == 2);

  // A revocation takes its subscriptions out; the view stays for the other grant and its number is not given again.
  CHECK(MustApply("grants:\n  - {name: b, revoked: true}\n  - {name: a, revoked: true}\n", table).summary.size() == 2);
  CHECK(!table.FindSubscription("s1")->active);
  CHECK(table.FindSubscription("s3")->active);
  CHECK(table.ViewsOf(companies).size() == 2);
  CHECK(table.SubscriptionsOf(1).size() == 1);
  MustApply("subscriptions:\n  - {name: s4, retired: true}\n", table);
  CHECK(table.ViewsOf(companies).size() == 1);
  CHECK(table.FindSubscription("s4")->retired);
  MustApply("grants:\n" + GrantLine("e", "[code]") + "subscriptions:\n" + SubscriptionLine("s5", "e"), table);
  CHECK(table.FindSubscription("s5")->view_id == 4);
  CHECK(table.FindSubscription("s5")->since_version == table.version());
}

TEST_CASE("Subscriptions of one view in different forms have streams of their own; a form is for good") {
  CatalogMaker maker;
  const auto line = [](const std::string& name, const std::string& form) {
    return "  - {name: " + name + ", grant: a, start: now" + form + "}\n";
  };
  maker.rest = "grants:\n" + GrantLine("a", "all") + "subscriptions:\n" + line("s1", "") +
               line("s2", ", delivery: json") + line("s3", ", delivery: records") + line("s4", ", delivery: json") +
               line("s5", ", delivery: packed");
  CatalogTable table;
  MustApply(maker.Text(), table);
  CHECK(table.FindSubscription("s1")->view_id == 1);
  CHECK(table.FindSubscription("s2")->view_id == 2);
  CHECK(table.FindSubscription("s3")->view_id == 3);
  CHECK(table.FindSubscription("s4")->view_id == 2);
  CHECK(table.FindSubscription("s5")->view_id == 1);
  CHECK(table.FindView(1)->form == DeliveryForm::kPacked);
  CHECK(table.FindView(2)->form == DeliveryForm::kJson);
  CHECK(table.FindView(3)->form == DeliveryForm::kRecords);
  MustApply("subscriptions:\n  - {name: s3, retired: true}\n", table);
  CHECK(table.FindSubscription("s3")->form == DeliveryForm::kRecords);

  const auto findings = Plan("subscriptions:\n" + line("s2", ", delivery: records"), table).findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "breaking_change");
  CHECK(Plan("subscriptions:\n" + line("s6", ", delivery: xml"), table).findings.at(0).code == "bad_value");
}

TEST_CASE("A subscription under a revoked grant cannot begin") {
  CatalogMaker maker;
  maker.rest = "grants:\n" + GrantLine("a", "all");
  CatalogTable table;
  MustApply(maker.Text(), table);
  MustApply("grants:\n  - {name: a, revoked: true}\n", table);
  const auto findings = Plan("subscriptions:\n" + SubscriptionLine("s", "a"), table).findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].message == "grant 'a' is revoked");
}

TEST_CASE("Suspending is a change, resuming too; a file that says nothing new is none") {
  CatalogMaker maker;
  maker.rest = "grants:\n" + GrantLine("a", "all") + "subscriptions:\n" + SubscriptionLine("s", "a");
  CatalogTable table;
  MustApply(maker.Text(), table);
  const std::string suspended = Replaced(maker.Text(), "start: now", "start: now, suspended: true");
  MustApply(suspended, table);
  CHECK(table.FindSubscription("s")->suspended);
  CHECK(table.FindSubscription("s")->active);
  CHECK(table.FindSubscription("s")->since_version == 1);
  MustApply(maker.Text(), table);
  CHECK(!table.FindSubscription("s")->suspended);
}

TEST_CASE("Resources of one key domain meet in one lane, partition by partition") {
  Resource a, b;
  a.key_domain_id = b.key_domain_id = 3;
  a.id = 1;
  b.id = 2;
  for (uint32_t partition = 0; partition < 20; ++partition) {
    CHECK(LaneOf(a, partition, 4) == LaneOf(b, partition, 4));
    CHECK(LaneOf(a, partition, 4) == (3 + partition) % 4);
  }
  CHECK(a.publish_topic() == "pub.1");
}

TEST_CASE("Each key domain gets a secret of its own, which stays") {
  CatalogTable table;
  MustApply("key_domains:\n  - {name: company}\n  - {name: person}\n", table);
  const auto secret = table.FindKeyDomain("company")->key.secret;
  CHECK(secret != table.FindKeyDomain("person")->key.secret);
  CHECK(table.FindKeyDomain("person")->key.id == 2);
  MustApply("key_domains:\n  - {name: company}\n  - {name: land}\n", table);
  CHECK(table.FindKeyDomain("company")->key.secret == secret);
}
