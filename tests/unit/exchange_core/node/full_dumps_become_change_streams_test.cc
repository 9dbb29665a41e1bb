// SPDX-License-Identifier: Apache-2.0
// Successive full dumps of a register reach a subscriber as exactly what changed, deletes included; a broken dump is
// held before any of it leaves; and every step of that survives a restart.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong {
namespace {

using tests::Received;
using tests::RequireBalanced;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Rows = std::vector<TestSource::Row>;
using State = node::SnapshotBooks::State;

std::string Catalog(uint32_t partitions, const std::string& policy = "") {
  return R"(
departments: [{name: 市场监管局}, {name: 税务局}]
key_domains: [{name: company}]
resources:
  - name: companies
    provider: 市场监管局
    key_domain: company
    kind: entity
    partitions: )" +
         std::to_string(partitions) + R"(
    items: [code, name, address]
    key: [code]
)" + policy +
         R"(
grants:
  - {name: all-companies, resource: companies, department: 税务局, items: all, purpose: test}
  - {name: some-companies, resource: companies, department: 税务局, items: [code, name], purpose: test}
subscriptions:
  - {name: tax, grant: all-companies, start: beginning}
  - {name: part, grant: some-companies, start: beginning}
)";
}

Rows Companies(size_t from, size_t to, const std::string& address = "street") {
  Rows rows;
  for (size_t i = from; i < to; ++i) rows.push_back({"C" + std::to_string(i), "name " + std::to_string(i), address});
  return rows;
}

node::SnapshotBooks Only(const std::vector<node::SnapshotBooks>& all, uint64_t snapshot) {
  for (const auto& one : all) {
    if (one.snapshot == snapshot) return one;
  }
  FAIL("no snapshot " << snapshot);
  return all.front();
}

struct World {
  TestExchange exchange;
  std::unique_ptr<TestSource> source;
  Received tax, part;
  explicit World(uint32_t partitions, const std::string& policy = "") {
    exchange.Apply(Catalog(partitions, policy));
    source = std::make_unique<TestSource>(*exchange, "files", "companies");
  }
  uint64_t Dump(const std::string& name, const Rows& rows, base::TimeUs as_of = 0) {
    const uint64_t snapshot = source->PublishDump(name, rows, as_of);
    Settle();
    return snapshot;
  }
  void Settle() {
    exchange.Settle();
    TestSink(*exchange, "tax").TakeAll(tax);
    TestSink(*exchange, "part").TakeAll(part);
    RequireBalanced(exchange);
    const absl::Status verified = exchange->VerifyIndexAgainstLedger();
    INFO(verified);
    CHECK(verified.ok());
  }
  void Reopen() {
    source.reset();
    exchange.Reopen();
    source = std::make_unique<TestSource>(*exchange, "files", "companies");
  }
  State StateOf(uint64_t snapshot) { return Only(exchange->snapshots(), snapshot).state; }
  std::string StopsOf(uint64_t snapshot) {
    std::string codes;
    const node::SnapshotBooks books = Only(exchange->snapshots(), snapshot);
    for (const auto& stop : books.stops) codes += stop.code + " ";
    return codes;
  }
};

TEST_CASE("dumps become inserts, updates and deletes") {
  World world(GENERATE(1u, 4u));
  const uint64_t first = world.Dump("day-1", Companies(0, 20));
  CHECK(world.StateOf(first) == State::kReleased);
  CHECK(world.tax.inserts == 20);

  Rows second = Companies(2, 20);  // 0 and 1 are gone
  second[0][2] = "moved";
  second.push_back({"C99", "new", "street"});
  const uint64_t day_2 = world.Dump("day-2", second);
  CHECK(world.StateOf(day_2) == State::kReleased);
  CHECK(world.tax.inserts == 21);
  CHECK(world.tax.updates == 1);
  CHECK(world.tax.deletes == 2);
  CHECK(world.part.deletes == 2);
  CHECK(world.tax.state.size() == 19);
  CHECK(world.tax.state.count("C0") == 0);
  CHECK(world.part.state.size() == 19);

  const uint64_t again = world.Dump("day-2", second);
  CHECK(world.StateOf(again) == State::kReleased);
  CHECK(world.tax.log.size() == 24);

  const node::Books books = world.exchange->books();
  CHECK(books.resources[0].generated == 2);
  CHECK(books.resources[0].outcomes[static_cast<size_t>(ledger::Outcome::kStaged)] == 0);
}

TEST_CASE("rows that are held come without their content, and it comes to the same") {
  World world(GENERATE(1u, 4u));
  world.source->LeaveOutWhatIsHeld();
  world.Dump("day-1", Companies(0, 20));
  CHECK(world.source->left_out() == 0);  // the first one flows

  Rows second = Companies(2, 20);
  second[0][2] = "moved";
  const client::UnitRun run = world.source->Begin({.name = "day-2", .identity = "content of day-2", .full = true});
  CHECK(run.may_leave_out);
  world.source->PublishRows(run, second, 0, 5);
  CHECK(world.source->left_out() == 0);  // the lane has not come to the begin of the dump
  world.exchange.Settle();
  world.source->PublishRows(run, second, 5, 11);
  CHECK(world.source->left_out() == 6);
  // Somebody else changes one while the dump is read, and it is told apart in time.
  TestSource live(*world.exchange, "live", "companies");
  live.PublishUnit("live-1", "live", {{"C15", "changed live", "street"}});
  world.exchange.Settle();
  world.source->PublishRows(run, second, 11, second.size());
  CHECK(world.source->left_out() == 6 + 6);  // all but C15
  world.source->End("day-2", true);
  world.Settle();
  const node::SnapshotBooks books = Only(world.exchange->snapshots(), run.run);
  CHECK(books.state == State::kReleased);
  CHECK(books.verdicts.at(ledger::Verdict::kUnchanged) == 16);
  CHECK(books.verdicts.at(ledger::Verdict::kUpdated) == 1);
  CHECK(books.verdicts.at(ledger::Verdict::kStale) == 1);
  CHECK(books.generated_deletes == 2);
  CHECK(world.tax.state.size() == 18);
  CHECK(world.part.state.size() == 18);
}

TEST_CASE("a row without its content contradicts one with another content, and who reads the ledger again knows") {
  World world(GENERATE(1u, 4u));
  world.source->LeaveOutWhatIsHeld();
  world.Dump("day-1", Companies(0, 3));
  Rows second = Companies(0, 3);
  second.insert(second.begin(), second[0]);
  second[0][2] = "moved";
  const client::UnitRun run = world.source->Begin({.name = "day-2", .identity = "content of day-2", .full = true});
  world.Settle();
  world.source->PublishRows(run, second, 0, second.size());
  CHECK(world.source->left_out() == 3);
  world.Settle();
  world.source->End("day-2", true);
  world.Settle();
  const node::SnapshotBooks books = Only(world.exchange->snapshots(), run.run);
  CHECK(books.verdicts.at(ledger::Verdict::kConflictingRows) == 2);
  CHECK(books.verdicts.at(ledger::Verdict::kUnchanged) == 2);
  CHECK(world.tax.log.size() == 3);
}

TEST_CASE("where a row without its content could come to something else, nobody is told to leave it out") {
  const auto begin = [](TestSource& source, const std::string& name) {
    return source.Begin({.name = name, .identity = "content of " + name, .full = true});
  };
  SECTION("the last row of a key prevails") {
    World world(1, "    snapshots: {same_key: last}\n");
    world.Dump("day-1", Companies(0, 3));
    CHECK_FALSE(begin(*world.source, "day-2").may_leave_out);
  }
  SECTION("changes leave at once") {
    World world(1, "    snapshots: {early_flow: true}\n");
    world.Dump("day-1", Companies(0, 3));
    CHECK_FALSE(begin(*world.source, "day-2").may_leave_out);
  }
  SECTION("another source is at work, or its dump is not done") {
    World world(1);
    world.Dump("day-1", Companies(0, 3));
    TestSource other(*world.exchange, "other", "companies");
    const client::UnitRun others = begin(other, "other-1");
    CHECK_FALSE(begin(*world.source, "day-2").may_leave_out);
    other.PublishRows(others, Companies(0, 3), 0, 3);
    world.exchange.Settle();
    world.source->End("day-2", false);
    world.Settle();
    CHECK_FALSE(begin(*world.source, "day-3").may_leave_out);
    other.End("other-1", true);
    world.source->End("day-3", false);
    world.Settle();
    CHECK(begin(*world.source, "day-4").may_leave_out);
  }
}

TEST_CASE("nothing of a dump leaves before its end, and a restart in between changes nothing") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const client::UnitRun run = world.source->Begin({.name = "day-2", .identity = "x", .full = true});
  world.source->PublishRows(run, Companies(0, 19, "moved"), 0, 10);
  world.Settle();
  CHECK(world.tax.log.size() == 20);
  world.Reopen();
  world.Settle();
  REQUIRE(world.source->session().unfinished());
  world.source->PublishRows(run, Companies(0, 19, "moved"), 10, 19);
  world.Settle();
  CHECK(world.tax.log.size() == 20);
  world.source->End("day-2", true);
  world.Settle();
  CHECK(world.tax.updates == 19);
  CHECK(world.tax.deletes == 1);
}

TEST_CASE("a dump that broke off deletes nothing and changes nothing") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const client::UnitRun run = world.source->Begin({.name = "day-2", .identity = "x", .full = true});
  world.source->PublishRows(run, Companies(0, 10, "moved"), 0, 10);
  world.source->End("day-2", false);
  world.Settle();
  CHECK(world.StateOf(run.run) == State::kDropped);
  CHECK(world.tax.log.size() == 20);
  const auto books = world.exchange->books();
  CHECK(books.resources[0].verdicts.at(ledger::Verdict::kSnapshotDropped) == 10);

  SECTION("and the repaired one takes its place") {
    world.Dump("day-2", Companies(0, 20, "moved"));
    CHECK(world.tax.updates == 20);
  }
  SECTION("and one that is abandoned for another file neither") {
    const client::UnitRun abandoned = world.source->Begin({.name = "day-3", .identity = "y", .full = true});
    world.source->PublishRows(abandoned, Companies(0, 10, "away"), 0, 10);
    const auto refused = world.source->session().BeginUnit({.name = "day-4", .identity = "z", .full = true});
    CHECK(absl::IsUnavailable(refused.status()));  // until the abandoned one is dropped
    world.Settle();
    CHECK(world.StateOf(abandoned.run) == State::kDropped);
    world.Dump("day-4", Companies(0, 20, "moved"));
    CHECK(world.tax.updates == 20);
  }
}

TEST_CASE("a dump in which too much vanishes is held; everything else goes on") {
  World world(GENERATE(1u, 4u));
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  CHECK(world.StateOf(held) == State::kHeld);
  CHECK(world.StopsOf(held) == "vanishing ");
  CHECK(world.tax.log.size() == 20);
  CHECK(world.exchange->caught_up());

  // Another source of the provider changes one of the keys that would vanish and one that would change.
  TestSource live(*world.exchange, "live", "companies");
  live.PublishUnit("live-1", "l1", {{"C15", "name 15", "live"}, {"C5", "name 5", "live"}});
  world.Settle();
  CHECK(world.tax.updates == 2);
  world.Reopen();
  CHECK(world.StateOf(held) == State::kHeld);

  SECTION("confirmed, it takes effect but for what changed since") {
    REQUIRE(world.exchange->ConfirmSnapshot(held, "steward", "half of them moved away").ok());
    world.Settle();
    CHECK(world.StateOf(held) == State::kReleased);
    CHECK(world.tax.deletes == 9);
    CHECK(world.tax.state.count("C15") == 1);
    CHECK(world.tax.state.at("C5").find("live") != std::string::npos);
    CHECK(world.tax.state.at("C6").find("moved") != std::string::npos);
    const auto books = Only(world.exchange->snapshots(), held);
    CHECK(books.by == "steward");
    CHECK(books.why == "half of them moved away");
    CHECK_FALSE(world.exchange->ConfirmSnapshot(held, "x", "y").ok());
  }
  SECTION("rejected, nothing of it counts") {
    REQUIRE(world.exchange->RejectSnapshot(held, "steward", "cut off").ok());
    world.Settle();
    CHECK(world.StateOf(held) == State::kDropped);
    CHECK(world.tax.updates == 2);
    CHECK(world.tax.state.size() == 20);
  }
  SECTION("a later good one supersedes it") {
    const uint64_t good = world.Dump("day-3", Companies(0, 19, "moved"));
    CHECK(world.StateOf(good) == State::kReleased);
    CHECK(world.StateOf(held) == State::kDropped);
    CHECK(Only(world.exchange->snapshots(), held).superseded_by == good);
    CHECK(world.tax.deletes == 1);
  }
  SECTION("while a later one is held, only that can be confirmed") {
    const uint64_t later = world.Dump("day-3", Companies(0, 9, "moved"));
    CHECK(world.StateOf(later) == State::kHeld);
    CHECK(absl::IsFailedPrecondition(world.exchange->ConfirmSnapshot(held, "x", "y")));
    REQUIRE(world.exchange->ConfirmSnapshot(later, "x", "y").ok());
    world.Settle();
    CHECK(world.StateOf(held) == State::kDropped);
    CHECK(world.StateOf(later) == State::kReleased);
    CHECK(world.tax.deletes == 10);
  }
}

TEST_CASE("an empty dump, and one without a key column, are held") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t empty = world.Dump("day-2", {});
  CHECK(world.StopsOf(empty) == "empty vanishing ");

  const client::UnitRun run =
      world.source->Begin({.name = "day-3", .identity = "x", .full = true, .columns = {"Code", "name", "address"}});
  world.source->End("day-3", true);
  world.Settle();
  CHECK(world.StopsOf(run.run) == "keys_missing columns_differ vanishing ");
  CHECK(absl::IsFailedPrecondition(world.exchange->ConfirmSnapshot(run.run, "x", "y")));
  CHECK(world.tax.log.size() == 20);
}

TEST_CASE("keys that are spelled otherwise are told as the cause") {
  World world(GENERATE(1u, 4u));
  world.Dump("day-1", Companies(0, 40));
  Rows respelled = Companies(0, 40);
  for (auto& row : respelled) row[0] = "c " + row[0].substr(1);
  const uint64_t held = world.Dump("day-2", respelled);
  CHECK(world.StopsOf(held) == "keys_respelled vanishing ");
}

TEST_CASE("two rows with one key") {
  const auto rule = GENERATE(as<std::string>{}, "quarantine", "first", "last");
  World world(4, "    snapshots: {same_key: " + rule + "}");
  world.Dump("day-1", Companies(0, 20));
  Rows rows = Companies(0, 20);
  rows[3][2] = "here";
  rows.push_back({"C3", "name 3", "there"});
  rows.push_back({"C4", "name 4", "street"});  // the same once more
  const uint64_t snapshot = world.Dump("day-2", rows);
  CHECK(world.StateOf(snapshot) == State::kReleased);
  const std::string now = world.tax.state.at("C3");
  const auto books = world.exchange->books();
  const auto& verdicts = books.resources[0].verdicts;
  CHECK(verdicts.at(ledger::Verdict::kDuplicate) == 1);
  CHECK(verdicts.at(ledger::Verdict::kConflictingRows) == (rule == "quarantine" ? 2 : 1));
  if (rule == "quarantine") CHECK(now.find("street") != std::string::npos);
  if (rule == "first") CHECK(now.find("here") != std::string::npos);
  if (rule == "last") CHECK(now.find("there") != std::string::npos);
  CHECK(world.tax.state.size() == 20);
}

TEST_CASE("an older dump is stale") {
  World world(4);
  constexpr base::TimeUs kDay = base::TimeUs{86'400} * 1'000'000;
  world.Dump("day-1", Companies(0, 20), 10 * kDay);
  world.Dump("day-3", Companies(0, 20, "moved"), 12 * kDay);
  const uint64_t older = world.Dump("day-2", Companies(1, 20, "old"), 11 * kDay);
  const auto books = Only(world.exchange->snapshots(), older);
  CHECK(books.state == State::kDropped);
  CHECK(books.stale);
  CHECK(books.verdicts.at(ledger::Verdict::kStale) == 19);
  CHECK(world.tax.deletes == 0);
  const uint64_t corrected = world.Dump("day-3b", Companies(0, 20, "better"), 12 * kDay);
  CHECK(world.StateOf(corrected) == State::kReleased);
}

TEST_CASE("two sources of a provider each delete only their own") {
  World world(4);
  TestSource east(*world.exchange, "east", "companies");
  world.Dump("west-1", Companies(0, 10));
  east.PublishDump("east-1", Companies(10, 20));
  world.Settle();
  world.Dump("west-2", Companies(0, 9));
  CHECK(world.tax.deletes == 1);
  CHECK(world.tax.state.size() == 19);
  east.PublishDump("east-2", Companies(10, 19));
  world.Settle();
  CHECK(world.tax.state.size() == 18);
  CHECK(world.tax.state.count("C0") == 1);
}

TEST_CASE("dumps of two sources that overlap, and share a key, end in either order") {
  World world(GENERATE(1u, 4u));
  TestSource east(*world.exchange, "east", "companies");
  world.Dump("west-1", Companies(0, 11));
  east.PublishDump("east-1", Companies(11, 21));
  world.Settle();
  // C10 was the west's, and is in both of the next ones; C0 is gone in the west, C20 in the east.
  const Rows west_rows = Companies(1, 11, "west"), east_rows = Companies(10, 20, "east");
  const client::UnitRun west = world.source->Begin({.name = "west-2", .identity = "west-2", .full = true});
  const client::UnitRun east_2 = east.Begin({.name = "east-2", .identity = "east-2", .full = true});
  world.source->PublishRows(west, west_rows, 0, west_rows.size());
  east.PublishRows(east_2, east_rows, 0, east_rows.size());
  const bool west_first = GENERATE(true, false);
  if (west_first) world.source->End("west-2", true);
  east.End("east-2", true);
  world.Settle();
  if (!west_first) world.source->End("west-2", true);
  world.Settle();
  CHECK(world.StateOf(west.run) == State::kReleased);
  CHECK(world.StateOf(east_2.run) == State::kReleased);
  CHECK(world.tax.deletes == 2);
  CHECK(world.tax.state.size() == 19);
  CHECK(world.tax.state.count("C10") == 1);  // whoever said so last: it is in both
  CHECK(world.tax.state.count("C0") == 0);
  CHECK(world.tax.state.count("C20") == 0);
}

TEST_CASE("early flow lets changes go, and holds deletes") {
  World world(4, "    snapshots: {early_flow: true}");
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  CHECK(world.StateOf(held) == State::kHeld);
  CHECK(world.tax.updates == 10);
  CHECK(world.tax.deletes == 0);
  REQUIRE(world.exchange->ConfirmSnapshot(held, "x", "y").ok());
  world.Settle();
  CHECK(world.tax.deletes == 10);
}

TEST_CASE("a subscription that starts in the middle gets what an old one holds") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  const auto start = GENERATE(as<std::string>{}, "beginning", "present");
  world.exchange.Apply(
      "departments: [{name: 税务局}]\nsubscriptions: [{name: late, grant: all-companies, start: " + start + "}]");
  world.Settle();
  REQUIRE(world.exchange->ConfirmSnapshot(held, "x", "y").ok());
  world.Settle();
  world.exchange.Apply(
      "departments: [{name: 税务局}]\nsubscriptions: [{name: later, grant: all-companies, start: " + start + "}]");
  world.Settle();
  for (const char* name : {"late", "later"}) {
    Received received;
    TestSink(*world.exchange, name).TakeAll(received);
    CHECK(received.state == world.tax.state);
  }
  RequireBalanced(world.exchange);
}

TEST_CASE("a subscription that starts now, while a dump is held, gets what the release changes") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  world.exchange.Apply(
      "departments: [{name: 税务局}]\nsubscriptions: [{name: late, grant: all-companies, start: now}]");
  world.Settle();
  REQUIRE(world.exchange->ConfirmSnapshot(held, "x", "y").ok());
  world.Settle();
  Received received;
  TestSink(*world.exchange, "late").TakeAll(received);
  CHECK(received.inserts == 0);
  CHECK(received.updates == 10);
  CHECK(received.deletes == 10);
  RequireBalanced(world.exchange);
}

TEST_CASE("what a journal could not be read again with never gets into it") {
  World world(4);
  const std::string gbk = "\xb9\xab\xcb\xbe";
  auto& session = world.source->session();
  CHECK(absl::IsInvalidArgument(session.BeginUnit({.name = gbk, .identity = "x", .full = true}).status()));
  CHECK(absl::IsInvalidArgument(
      session.BeginUnit({.name = "day-1", .identity = "x", .full = true, .columns = {"code", gbk}}).status()));
  const client::UnitRun run = world.source->Begin({.name = "day-1", .identity = "x", .full = true});
  REQUIRE(session.EndUnit("end", false, "bad_manifest: it holds \"" + gbk + "\"", "").ok());
  world.Settle();
  const auto books = Only(world.exchange->snapshots(), run.run);
  CHECK(books.state == State::kDropped);
  CHECK(books.why.find("\\xb9\\xab") != std::string::npos);
  world.Reopen();
  CHECK(world.StateOf(run.run) == State::kDropped);
}

TEST_CASE("a first dump over rows that came otherwise is judged like any other") {
  World world(4);
  world.source->PublishUnit("rows", "r", Companies(0, 20));
  world.Settle();
  const client::UnitRun run = world.source->Begin({.name = "day-1", .identity = "x", .full = true});
  world.source->PublishRows(run, Companies(0, 8, "moved"), 0, 8);
  world.Settle();
  CHECK(world.tax.updates == 0);
  world.source->End("day-1", true);
  world.Settle();
  CHECK(world.StopsOf(run.run) == "vanishing ");
}

TEST_CASE("a first dump without its key column is held, not taken for an empty one") {
  World world(4);
  const client::UnitRun run =
      world.source->Begin({.name = "day-1", .identity = "x", .full = true, .columns = {"Code", "name", "address"}});
  world.source->End("day-1", true);
  world.Settle();
  CHECK(world.StopsOf(run.run) == "keys_missing ");
}

TEST_CASE("a file keeps its place: read again after a later dump it is stale, and deletes nothing") {
  World world(4);
  const client::UnitRun broken = world.source->Begin({.name = "day-1", .identity = "content of day-1", .full = true});
  world.source->PublishRows(broken, Companies(0, 19), 0, 10);
  world.source->End("day-1", false);
  world.Settle();
  world.Dump("day-2", Companies(0, 20));
  const uint64_t older = world.Dump("day-1", Companies(0, 19));
  const auto books = Only(world.exchange->snapshots(), older);
  CHECK(books.state == State::kDropped);
  CHECK(books.stale);
  CHECK(world.tax.deletes == 0);
  CHECK(world.tax.state.size() == 20);
}

TEST_CASE("a held dump can be confirmed while nothing that counts came later") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10));
  CHECK(absl::IsInvalidArgument(world.exchange->ConfirmSnapshot(held, "steward", " ")));

  SECTION("not while one is being read, but once that was dropped") {
    const client::UnitRun run = world.source->Begin({.name = "day-3", .identity = "y", .full = true});
    world.source->PublishRows(run, Companies(0, 20, "moved"), 0, 10);
    const absl::Status early = world.exchange->ConfirmSnapshot(held, "steward", "so it is");
    CHECK(absl::IsFailedPrecondition(early));
    CHECK(early.message().find("being read") != std::string::npos);
    CHECK(absl::IsFailedPrecondition(world.exchange->RejectSnapshot(run.run, "steward", "no")));
    world.source->End("day-3", false);
    world.Settle();
    REQUIRE(world.exchange->ConfirmSnapshot(held, "steward", "so it is").ok());
    world.Settle();
    CHECK(world.tax.deletes == 10);
    CHECK(world.StopsOf(held) == "vanishing ");  // what was overruled stays known
  }
  SECTION("not behind rows of the same source") {
    world.source->PublishUnit("rows", "r", Companies(15, 16));
    world.Settle();
    CHECK(absl::IsFailedPrecondition(world.exchange->ConfirmSnapshot(held, "steward", "so it is")));
    CHECK(world.tax.deletes == 0);
  }
}

TEST_CASE("no dump begins while an older one that was held and then confirmed takes effect") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  REQUIRE(world.StateOf(held) == State::kHeld);
  // One that broke off came in between, and is done.
  world.source->Begin({.name = "day-3", .identity = "day-3", .full = true});
  world.source->End("day-3", false);
  world.Settle();
  REQUIRE(world.exchange->ConfirmSnapshot(held, "x", "y").ok());
  const client::UnitDeclaration next{.name = "day-4", .identity = "day-4", .full = true};
  const auto too_early = world.source->session().BeginUnit(next);
  CHECK(absl::IsUnavailable(too_early.status()));
  CHECK(std::string(too_early.status().message()).find("still taking effect") != std::string::npos);
  world.Settle();
  CHECK(world.tax.state.size() == 10);
  CHECK(world.source->session().BeginUnit(next).ok());
}

TEST_CASE("a retired resource lets its open snapshots go") {
  World world(4);
  world.Dump("day-1", Companies(0, 20));
  const uint64_t held = world.Dump("day-2", Companies(0, 10, "moved"));
  world.exchange.Apply(
      "grants: [{name: all-companies, revoked: true}, {name: some-companies, revoked: true}]\n"
      "resources: [{name: companies, retired: true}]");
  world.exchange.Settle();
  CHECK(world.StateOf(held) == State::kDropped);
  CHECK(world.exchange->VerifyIndexAgainstLedger().ok());
  size_t open = 0;
  for (uint32_t lane = 0; lane < world.exchange->lanes(); ++lane) {
    world.exchange->InspectLane(lane, [&](const pipeline::LaneView& view) { open += view.snapshots.stages().size(); });
  }
  CHECK(open == 0);
}

}  // namespace
}  // namespace datong
