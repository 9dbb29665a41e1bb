// SPDX-License-Identifier: Apache-2.0
// Proves that the catalog is its changes: replaying them gives an equal table, applying a file twice changes nothing,
// and a change that contradicts the table leaves it as it was.
#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/base/frame.h"
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {

// Grows and ends a catalog at random, writing each state as YAML.
class RandomCatalog {
 public:
  explicit RandomCatalog(uint64_t seed) : random_(seed) {}

  void Step() {
    // Ends first: only what was applied can end.
    if (!grants_.empty() && random_.Below(4) == 0) grants_[random_.Below(grants_.size())].revoked = true;
    for (Subscription& subscription : subscriptions_) {
      if (random_.Below(5) == 0) subscription.suspended = !subscription.suspended;
      if (random_.Below(12) == 0) subscription.retired = true;
    }
    if (departments_ < 2 || random_.Below(3) == 0) ++departments_;
    if (domains_ == 0 || random_.Below(6) == 0) ++domains_;
    if (resources_.empty() || random_.Below(3) == 0) {
      resources_.push_back(
          {random_.Below(departments_), random_.Below(domains_), random_.Below(2) == 0, 1 + random_.Below(9), {}});
    }
    for (Resource& resource : resources_) {
      for (uint64_t n = random_.Below(3); n > 0; --n) resource.items.push_back(Item());
      for (std::string& item : resource.items) {
        if (random_.Below(20) == 0 && item.find("retired") == std::string::npos) item += ", retired: true";
      }
    }
    for (uint64_t n = random_.Below(3); n > 0; --n) {
      grants_.push_back({random_.Below(resources_.size()), random_.Below(departments_), random_.Below(3), false});
      subscriptions_.push_back({random_.Below(grants_.size()), false, false});
      if (grants_[subscriptions_.back().grant].revoked) subscriptions_.pop_back();
    }
  }

  std::string Text() {
    std::ostringstream out;
    out << "departments:\n";
    for (uint64_t i = 0; i < departments_; ++i) out << "  - {name: 部门" << i << "}\n";
    out << "key_domains:\n";
    for (uint64_t i = 0; i < domains_; ++i) out << "  - {name: domain " << i << "}\n";
    out << "resources:\n";
    for (size_t i = 0; i < resources_.size(); ++i) {
      const Resource& r = resources_[i];
      out << "  - name: 资源" << i << "\n    provider: 部门" << r.provider << "\n    key_domain: domain " << r.domain
          << "\n    kind: " << (r.event ? "event" : "entity") << "\n    partitions: " << r.partitions
          << "\n    items:\n      - 编号\n";
      for (size_t k = 0; k < r.items.size(); ++k) out << "      - {name: 项" << k << r.items[k] << "}\n";
      out << (r.event ? "    id: [编号]\n    window: 7d\n" : "    key: [编号]\n");
    }
    if (!grants_.empty()) out << "grants:\n";
    for (size_t i = 0; i < grants_.size(); ++i) {
      const Grant& g = grants_[i];
      out << "  - {name: grant " << i << ", resource: 资源" << g.resource << ", department: 部门" << g.department
          << ", items: " << (g.view == 0 ? "all" : "[编号]") << ", purpose: 核验"
          << (g.revoked ? ", revoked: true" : "") << "}\n";
    }
    if (!subscriptions_.empty()) out << "subscriptions:\n";
    for (size_t i = 0; i < subscriptions_.size(); ++i) {
      const Subscription& s = subscriptions_[i];
      out << "  - {name: sub " << i << ", grant: grant " << s.grant
          << ", start: now, suspended: " << (s.suspended && !s.retired ? "true" : "false")
          << (s.retired ? ", retired: true" : "") << "}\n";
    }
    return out.str();
  }

 private:
  struct Resource {
    uint64_t provider, domain;
    bool event;
    uint64_t partitions;
    std::vector<std::string> items;
  };
  struct Grant {
    uint64_t resource, department, view;
    bool revoked;
  };
  struct Subscription {
    size_t grant;
    bool suspended, retired;
  };
  std::string Item() {
    const std::vector<std::string> types = {"string", "int64",     "double",  "bool",
                                            "date",   "timestamp", "decimal", "bytes"};
    return ", type: " + types[random_.Below(types.size())] + (random_.Below(4) == 0 ? ", compared: false" : "");
  }
  datong::base::SeededRandom random_;
  uint64_t departments_ = 0, domains_ = 0;
  std::vector<Resource> resources_;
  std::vector<Grant> grants_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace

TEST_CASE("Random catalogs: replay gives an equal table, and a file applied twice changes nothing") {
  const char* text = std::getenv("DATONG_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20261124;
  std::cout << "seed " << seed << "\n";
  for (uint64_t round = 0; round < 20; ++round) {
    RandomCatalog catalog(seed + round);
    CatalogTable table;
    std::vector<std::string> log;
    std::vector<std::string> dumps;
    for (int step = 0; step < 12; ++step) {
      catalog.Step();
      const std::string yaml = catalog.Text();
      const PlannedChange planned = Plan(yaml, table);
      INFO(Told(planned.findings) << yaml);
      REQUIRE(planned.findings.empty());
      if (planned.framed_change.empty()) continue;
      REQUIRE(ApplyFramed(planned.framed_change, table).ok());
      log.push_back(planned.framed_change);
      dumps.push_back(Dump(table));
      const PlannedChange again = Plan(yaml, table);
      INFO(Told(again.findings));
      REQUIRE(again.findings.empty());
      CHECK(again.framed_change.empty());
      for (const std::string& line : again.summary) CHECK(line.find(": unchanged") != std::string::npos);
    }
    REQUIRE(log.size() > 6);
    CatalogTable replica;
    for (size_t i = 0; i < log.size(); ++i) {
      REQUIRE(ApplyFramed(log[i], replica).ok());
      REQUIRE(Dump(replica) == dumps[i]);
    }
  }
}

TEST_CASE("Equal input gives equal bytes") {
  CatalogMaker maker;
  maker.rest =
      "connectors:\n  - {name: c, kind: file, source: {resource: companies, path: a, format: csv, encoding: gbk, "
      "watch: true}}\n";
  const std::string first = Plan(maker.Text(), CatalogTable()).framed_change;
  CHECK(first.substr(0, 4) == "DTCC");
  CHECK(first == Plan(maker.Text(), CatalogTable()).framed_change);
}

TEST_CASE("The order of objects and items in the file does not matter once they are known") {
  CatalogTable table;
  CatalogMaker maker;
  MustApply(maker.Text(), table);
  maker.items =
      "    items:\n      - {name: revision, type: int64, compared: false}\n      - {name: capital, type: decimal}\n"
      "      - 名称\n      - code\n";
  CHECK(MustApply(maker.resource_head + maker.items + maker.resource_tail + maker.departments, table)
            .framed_change.empty());
}

TEST_CASE("Objects not named stay, and the summary says what happens") {
  CatalogTable table;
  const auto planned = MustApply(CatalogMaker().Text(), table);
  CHECK(planned.summary == std::vector<std::string>{"department 市场监管局: new", "department tax: new",
                                                    "key domain company: new",
                                                    "resource companies: new (4 items, 4 partitions)"});
  MustApply("departments:\n  - {name: 民政局}\n", table);
  CHECK(table.departments().size() == 3);
  CHECK(table.version() == 2);
  CHECK(MustApply("departments:\n  - {name: 民政局, retired: true}\n", table).summary.at(0) ==
        "department 民政局: retired");
  CHECK(table.FindDepartment("民政局") == nullptr);
  CHECK(MustApply("departments:\n  - {name: 民政局, retired: true}\n", table).framed_change.empty());
  MustApply("departments:\n  - {name: 公安局}\n", table);
  CHECK(table.FindDepartment("公安局")->id == 4);  // 3 stays with the retired one
}

TEST_CASE("A change out of turn or against the table is refused and changes nothing") {
  CatalogTable table;
  const std::string first = Plan(CatalogMaker().Text(), table).framed_change;
  REQUIRE(ApplyFramed(first, table).ok());
  const std::string before = Dump(table);
  CHECK(absl::IsFailedPrecondition(ApplyFramed(first, table)));
  CHECK(absl::IsInvalidArgument(ApplyFramed("hello, world", table)));
  CHECK(absl::IsUnimplemented(ApplyFramed(datong::base::Frame("DTCC", 2, ""), table)));
  CHECK(absl::IsDataLoss(ApplyFramed(datong::base::Frame("DTCC", 1, "\xff\xff\xff"), table)));

  const auto refused = [&](auto fill) {
    v1::CatalogChange change;
    change.set_version(table.version() + 1);
    v1::Department& good = *change.add_departments();
    good.set_id(9);
    good.set_name("good");
    fill(change);
    CHECK(absl::IsInvalidArgument(table.Apply(change)));
    CHECK(Dump(table) == before);
  };
  const v1::Resource& known = *table.FindResource("companies")->definition;
  refused([](v1::CatalogChange& c) { c.add_departments(); });
  refused([](v1::CatalogChange& c) {
    c.add_departments()->set_id(1);
    c.mutable_departments(1)->set_name("another");
  });
  refused([&](v1::CatalogChange& c) {
    *c.add_resources() = known;
    c.mutable_resources(0)->set_partitions(9);
  });
  refused([&](v1::CatalogChange& c) {
    *c.add_resources() = known;
    c.mutable_resources(0)->mutable_items(0)->set_type(static_cast<v1::ItemType>(77));
  });
  refused([&](v1::CatalogChange& c) {
    *c.add_resources() = known;
    c.mutable_resources(0)->set_schema_version(2);
  });
  refused([&](v1::CatalogChange& c) {
    *c.add_resources() = known;
    c.mutable_resources(0)->set_provider_id(77);
  });
  refused([](v1::CatalogChange& c) {
    v1::Grant& grant = *c.add_grants();
    grant.set_id(1);
    grant.set_name("g");
    grant.set_resource_id(1);
    grant.set_department_id(1);
    grant.add_item_fields(50);
  });
  refused([](v1::CatalogChange& c) {
    v1::Subscription& subscription = *c.add_subscriptions();
    subscription.set_id(1);
    subscription.set_name("s");
    subscription.set_grant_id(1);
    subscription.set_start(v1::NOW);
  });
}
