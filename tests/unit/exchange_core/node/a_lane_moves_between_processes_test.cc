// SPDX-License-Identifier: Apache-2.0
// Processes that share an exchange have all its lanes; one works on a lane, the others follow its ledger. Whoever is
// given the lane takes it over from what he followed, and the one before, even if he has not heard of it, adds nothing.
#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong::node {
namespace {

using tests::Received;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Rows = std::vector<TestSource::Row>;

constexpr uint32_t kLanes = 2;
constexpr char kCatalog[] = R"(
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 4, key: [code],
     items: [code, name, address]}
  - {name: visits, provider: registry, key_domain: company, kind: event, partitions: 4, key: [code], id: [code, name],
     window: 30d, items: [code, name]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
  - {name: all-visits, resource: visits, department: tax, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
  - {name: tax-visits, grant: all-visits, start: beginning}
)";

// One process of several, on the engine of a TestExchange, which does nothing else.
class Process {
 public:
  explicit Process(TestExchange& place, const std::string& name) : place_(place), name_(name) { Open(); }
  void Open() {
    ExchangeOptions options;
    options.directory = place_.directory() + "/" + name_;
    options.files = &base::PosixFileSystem();
    options.clock = &place_.clock();
    options.random = &random_;
    options.steps = &base::NoObserver();
    options.scheduler = &scheduler_;
    options.broker = &place_->broker();
    options.lanes = kLanes;
    options.confirm_holder = [] { return absl::OkStatus(); };
    options.works_on = [this](uint32_t lane) { return mine.contains(lane); };
    options.leads = [this] { return leads; };
    options.may_take_over = [this] { return awake; };
    options.checkpoint_records = 40;
    std::vector<std::string> warnings;
    auto opened = Exchange::Open(options, &warnings);
    INFO(opened.status());
    REQUIRE(opened.ok());
    CHECK(warnings.empty());
    exchange = *std::move(opened);
    exchange->Start();
  }
  void StopAndOpen() {
    const absl::Status stopped = exchange->Stop();
    INFO(stopped);
    CHECK(stopped.ok());
    exchange.reset();
    Open();
  }
  bool Step() {
    place_.clock().Advance(200'000);
    const bool busy = scheduler_.StepEach();
    const absl::Status health = exchange->Health();
    INFO(name_ << ": " << health);
    REQUIRE(health.ok());
    return busy;
  }

  std::set<uint32_t> mine;
  bool leads = false;
  bool awake = true;  // else it may have been taken for dead

 private:
  TestExchange& place_;
  const std::string name_;
  base::SeededRandom random_{11};
  tests::ManualScheduler scheduler_;

 public:
  std::unique_ptr<Exchange> exchange;  // goes before its scheduler
};

// Two processes and their engine, whose own exchange is never stepped.
struct World {
  World() : place(kLanes), one(place, "one"), two(place, "two") {
    one.mine = {0, 1};
    one.leads = true;
    const auto applied = one.exchange->ApplyCatalog(kCatalog, "test", false);
    REQUIRE(applied.ok());
    REQUIRE(applied->findings.empty());
    Hear();
  }
  void Hear() {
    REQUIRE(one.exchange->FollowOthers().ok());
    REQUIRE(two.exchange->FollowOthers().ok());
  }
  void Settle() {
    for (int quiet = 0; quiet < 30; ++quiet) {
      if (one.Step() | two.Step()) quiet = 0;
    }
  }
  void CheckBoth() {
    for (Process* process : {&one, &two}) {
      const Books books = process->exchange->books();
      CHECK(books.balanced());
      for (const auto& resource : books.resources) CHECK(resource.waiting == 0);
      CHECK(process->exchange->VerifyIndexAgainstLedger().ok());
      CHECK(process->exchange->caught_up());
    }
  }

  TestExchange place;
  Process one, two;
};

Rows SomeRows(size_t from, size_t count, const std::string& name) {
  Rows rows;
  for (size_t i = from; i < from + count; ++i) rows.push_back({"C" + std::to_string(i), name, "address"});
  return rows;
}
Rows Visits(size_t from, size_t count) {
  Rows rows;
  for (size_t i = from; i < from + count; ++i) rows.push_back({"C" + std::to_string(i), "visit"});
  return rows;
}

uint64_t HeadOf(Exchange& exchange, uint32_t lane) {
  uint64_t head = 0;
  exchange.InspectLane(lane, [&](const pipeline::LaneView& view) { head = view.state.head.sequence; });
  return head;
}

TEST_CASE("who follows knows what who works has committed") {
  World world;
  TestSource(*world.one.exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(0, 60, "first"), 10);
  world.Settle();
  CHECK(world.one.exchange->working_lanes() == std::vector<uint32_t>{0, 1});
  CHECK(world.two.exchange->working_lanes().empty());
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    CHECK(HeadOf(*world.one.exchange, lane) > 0);
    CHECK(HeadOf(*world.two.exchange, lane) == HeadOf(*world.one.exchange, lane));
  }
  Received received;
  TestSink(*world.one.exchange, "tax").TakeAll(received);
  CHECK(received.inserts == 60);
  world.CheckBoth();
}

TEST_CASE("a lane goes to another process and back while rows flow: nothing lost, nothing doubled, order kept") {
  const bool told = GENERATE(true, false);  // whether the one before hears that it is his no more
  CAPTURE(told);
  World world;
  TestSource companies(*world.one.exchange, "files", "companies");
  TestSource visits(*world.one.exchange, "events", "visits");
  Received received, received_visits;
  TestSink sink(*world.one.exchange, "tax");
  TestSink visit_sink(*world.one.exchange, "tax-visits");
  for (int round = 0; round < 8; ++round) {
    const std::string name = "round " + std::to_string(round);
    companies.PublishUnit(name + ".csv", name, SomeRows(0, 40, name), 10);
    visits.PublishUnit(name + "-visits.csv", name, Visits(static_cast<size_t>(round) * 20, 40), 10);
    world.one.Step();
    Process& giver = round % 2 == 0 ? world.one : world.two;
    Process& taker = round % 2 == 0 ? world.two : world.one;
    if (told) giver.mine.erase(1);
    taker.mine.insert(1);
    for (int step = 0; step < 3; ++step) taker.Step();
    CHECK(taker.exchange->working_lanes().back() == 1);
    giver.Step();  // a commit of his, if he tries one, fails
    giver.mine.erase(1);
    world.Settle();
    sink.TakeAll(received);
    visit_sink.TakeAll(received_visits);
  }
  CHECK(received.inserts == 40);
  CHECK(received.updates == 7 * 40);
  CHECK(received_visits.inserts == 180);
  for (const auto& [code, text] : received.state) CHECK(text.find("name=round 7") != std::string::npos);
  world.CheckBoth();
}

TEST_CASE("a full dump is taken over in the middle") {
  const int moment = GENERATE(range(0, 6));
  CAPTURE(moment);
  World world;
  TestSource source(*world.one.exchange, "files", "companies");
  Received received;
  TestSink sink(*world.one.exchange, "tax");
  source.PublishDump("first.csv", SomeRows(0, 60, "first"));
  world.Settle();
  const auto run = source.Begin({.name = "second.csv", .identity = "2", .full = true});
  const Rows rows = SomeRows(5, 57, "second");  // five vanish, two are new
  source.PublishRows(run, rows, 0, 30);
  for (int step = 0; step < moment; ++step) {
    world.one.Step();
    world.two.Step();
  }
  world.one.mine = {0};
  world.two.mine = {1};
  for (int step = 0; step < moment; ++step) world.two.Step();
  source.PublishRows(run, rows, 30, rows.size());
  source.End("second.csv", true);
  world.Settle();
  sink.TakeAll(received);
  CHECK(received.inserts == 62);
  CHECK(received.updates == 55);
  CHECK(received.deletes == 5);
  CHECK(received.state.size() == 57);
  world.CheckBoth();
}

TEST_CASE("one that may have been taken for dead fences nobody for lanes that were its own") {
  World world;
  TestSource source(*world.one.exchange, "files", "companies");
  source.PublishUnit("a.csv", "1", SomeRows(0, 60, "first"), 10);
  world.Settle();
  // One was silent; two has its lanes, and one has not heard of it.
  const std::vector<uint32_t> both = {0, 1};
  world.one.awake = false;
  world.two.mine = {0, 1};
  for (int step = 0; step < 5; ++step) world.two.Step();
  CHECK(world.two.exchange->working_lanes() == both);
  source.PublishUnit("b.csv", "2", SomeRows(0, 60, "second"), 10);
  for (int round = 0; round < 10; ++round) {
    world.one.Step();  // its first commit tells it, and then it only follows
    world.two.Step();
    CAPTURE(round);
    CHECK(world.two.exchange->working_lanes() == both);
  }
  CHECK(world.one.exchange->working_lanes().empty());
  world.one.awake = true;
  world.two.mine.clear();
  world.Settle();
  CHECK(world.one.exchange->working_lanes() == both);
  Received received;
  TestSink(*world.one.exchange, "tax").TakeAll(received);
  CHECK(received.inserts == 60);
  CHECK(received.updates == 60);
  world.CheckBoth();
}

TEST_CASE("a full dump leaves out only rows about which this process decides") {
  World world;
  TestSource source(*world.one.exchange, "files", "companies");
  source.LeaveOutWhatIsHeld();
  const Rows rows = SomeRows(0, 60, "first");
  source.PublishDump("first.csv", rows);
  world.Settle();
  const auto dump = [&](const std::string& name, const std::function<void()>& meanwhile) {
    const uint64_t before = source.left_out();
    const auto run = source.Begin({.name = name, .identity = name, .full = true});
    world.Settle();  // the lanes come to its begin
    meanwhile();
    source.PublishRows(run, rows, 0, rows.size());
    source.End(name, true);
    world.Settle();
    return source.left_out() - before;
  };
  CHECK(dump("alone.csv", [] {}) == 60);
  const uint64_t of_one_lane = dump("moves.csv", [&] {
    world.one.mine = {0};
    world.two.mine = {1};
    world.Settle();
  });
  CHECK(of_one_lane > 0);
  CHECK(of_one_lane < 60);
  CHECK(dump("shared.csv", [] {}) == 0);
  world.one.mine = {0, 1};
  world.two.mine.clear();
  world.Settle();
  CHECK(dump("alone again.csv", [] {}) == 60);
  Received received;
  TestSink(*world.one.exchange, "tax").TakeAll(received);
  CHECK(received.inserts == 60);
  CHECK(received.updates == 0);
  CHECK(received.deletes == 0);
  world.CheckBoth();
}

TEST_CASE("a checkpoint says no more than its writer knew, whoever wrote to the ledger since") {
  World world;
  TestSource source(*world.one.exchange, "files", "companies");
  source.PublishUnit("a.csv", "1", SomeRows(0, 60, "first"), 10);
  world.Settle();
  // One sleeps; two has the lanes, and goes on.
  world.two.mine = {0, 1};
  source.PublishUnit("b.csv", "2", SomeRows(0, 60, "second"), 10);
  for (int step = 0; step < 20; ++step) world.two.Step();
  REQUIRE(HeadOf(*world.two.exchange, 0) > HeadOf(*world.one.exchange, 0));
  // One wakes and stops before it has heard of it: it writes no checkpoint, or a true one.
  const absl::Status stopped = world.one.exchange->Stop();
  CHECK(stopped.ok());
  world.one.mine.clear();
  world.one.leads = false;
  world.two.leads = true;
  world.one.exchange.reset();
  world.one.Open();
  world.two.StopAndOpen();
  world.Settle();
  Received received;
  TestSink(*world.two.exchange, "tax").TakeAll(received);
  CHECK(received.inserts == 60);
  CHECK(received.updates == 60);
  world.CheckBoth();
}

TEST_CASE("catalog changes of one process are heard by the others before a ledger speaks of them") {
  World world;
  world.two.mine = {1};
  world.one.mine = {0};
  world.Settle();
  const auto applied = world.one.exchange->ApplyCatalog(
      "resources:\n  - {name: more, provider: registry, key_domain: company, kind: event, partitions: 4, key: [code], "
      "id: [code, name], window: 10d, items: [code, name]}\n",
      "test", false);
  REQUIRE(applied.ok());
  REQUIRE(applied->findings.empty());
  TestSource(*world.one.exchange, "events", "more").PublishUnit("a.csv", "1", Visits(0, 40), 10);
  for (int step = 0; step < 10; ++step) world.one.Step();  // two has not heard of it yet, but follows lane 0
  for (int step = 0; step < 10; ++step) world.two.Step();
  CHECK(world.two.exchange->catalog()->version() == world.one.exchange->catalog()->version());
  world.Settle();
  world.CheckBoth();
}

}  // namespace
}  // namespace datong::node
