// SPDX-License-Identifier: Apache-2.0
// A judge complains when its promise is broken, and keeps silent about what a sound exchange left behind.
#include <absl/strings/match.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "connectors/file/file_sink.h"
#include "connectors/runner/sink_runner.h"
#include "tests/simulation/altered_evidence.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/support/test_exchange.h"

namespace datong::simulation {
namespace {

constexpr char kCatalog[] = R"(
departments: [{name: provider}, {name: user}]
key_domains: [{name: objects}]
resources:
  - {name: companies, provider: provider, key_domain: objects, kind: entity, partitions: 2,
     items: [code, name, secret], key: [code]}
grants:
  - {name: all, resource: companies, department: user, items: all, purpose: test}
  - {name: some, resource: companies, department: user, items: [code, name], purpose: test}
subscriptions:
  - {name: everything, grant: all, start: beginning}
  - {name: names, grant: some, start: beginning}
)";
constexpr char kLateSubscription[] = "subscriptions: [{name: late, grant: some, start: present}]\n";

Row MakeRow(int code, const std::string& name, int secret) {
  Row row;
  if (code != 0) row.values["code"] = "code:" + std::to_string(code);
  row.values["name"] = "name:" + name;
  row.values["secret"] = "secret:" + std::to_string(secret);
  row.defective = code == 0;
  return row;
}

SubscriptionPlan MakePlan(const std::string& name, bool all_items) {
  SubscriptionPlan plan;
  plan.name = name;
  plan.resource = "companies";
  plan.all_items = all_items;
  plan.items = {"code", "name"};
  if (all_items) plan.items.push_back("secret");
  plan.directory = "/out/" + name;
  return plan;
}

// A small exchange that did everything right: two dumps, three subscribers, one of them late, one that refuses.
class SoundWorld {
 public:
  SoundWorld() {
    exchange_.Apply(kCatalog);
    exchange_.Settle();
    ResourcePlan resource;
    resource.name = "companies";
    resource.partitions = 2;
    resource.items = {"code", "name", "secret"};
    departments.resources[resource.name] = resource;
    departments.subscriptions["everything"] = MakePlan("everything", true);
    departments.subscriptions["names"] = MakePlan("names", false);
    departments.subscriptions["names"].gbk = true;
    departments.subscriptions["late"] = MakePlan("late", false);
    departments.subscriptions["late"].start = SubscriptionPlan::Start::kPresentState;
    departments.subscriptions["late"].state_form = true;
    departments.subscriptions["late"].json_lines = true;
    tests::TestSource source(*exchange_, "in", "companies");
    Publish(source, "first", {MakeRow(1, "a", 1), MakeRow(2, "b", 2), MakeRow(0, "c", 3), MakeRow(1, "a", 1)});
    exchange_.Apply(kLateSubscription);
    exchange_.Settle();
    Publish(source, "second",
            {MakeRow(1, "\"d\", 甲", 1), MakeRow(3, kNoFormInGbk, 5), MakeRow(2, "b", 7), MakeRow(4, "e\nf", 8)});
    for (const auto& [name, plan] : departments.subscriptions) Deliver(plan);
  }

  AlteredBroker broker() { return AlteredBroker(exchange_->broker()); }
  node::Exchange& exchange() { return *exchange_; }
  // A message of the topic, counted from its end.
  broker::Position PositionFromEnd(const std::string& topic, uint32_t partition, size_t from_end) {
    Witness witness;
    witness.Look(exchange_->broker());
    const auto& messages = witness.Find(topic, partition)->messages;
    REQUIRE(messages.size() > from_end);
    return messages[messages.size() - 1 - from_end].position;
  }
  std::string StreamOf(const std::string& subscription) {
    const auto catalog = exchange_->catalog();
    return catalog->FindView(catalog->FindSubscription(subscription)->view_id)->stream_topic();
  }
  std::string PublishTopic() { return exchange_->catalog()->FindResource("companies")->publish_topic(); }

  Departments departments;
  base::SeededRandom random{5};
  SimulatedDisk disk{random};

 private:
  void Publish(tests::TestSource& source, const std::string& name, std::vector<Row> rows) {
    std::vector<tests::TestSource::Row> texts;
    for (const Row& row : rows) {
      const auto text = [&](const char* item) { return row.values.contains(item) ? row.values.at(item) : ""; };
      texts.push_back({text("code"), text("name"), text("secret")});
    }
    departments.Add({"companies", "in", name, "identity of " + name, std::move(rows)});
    source.PublishUnit(name, "identity of " + name, texts, 2);
    exchange_.Settle();
  }

  void Deliver(const SubscriptionPlan& plan) {
    file::FileSinkOptions options;
    options.directory = plan.directory;
    options.format = plan.json_lines ? file::Format::kJsonLines : file::Format::kCsv;
    options.form = plan.state_form ? file::SinkForm::kState : file::SinkForm::kChanges;
    options.encoding = plan.gbk ? "gbk" : "utf-8";
    runner::SinkRunner sink({plan.name, 2}, file::NewFileSink(options, disk), exchange_->client(),
                            exchange_.scheduler(), exchange_.clock(), random);
    while (sink.Step().kind == base::StepResult::Kind::kBusy) {
    }
    INFO(sink.progress().error.message);
    REQUIRE(sink.progress().state == runner::SinkProgress::State::kIdle);
  }

  tests::TestExchange exchange_;
};

// Everything a judge is shown; each part may be altered before Complaints().
class Showing {
 public:
  explicit Showing(SoundWorld& world) : world_(world), broker(world.broker()), exchange(world.exchange(), broker) {}

  std::vector<std::string> Complaints(Judgement (*judge)(const Evidence&)) {
    witness.Look(broker);
    std::map<std::string, Received> received;
    for (const auto& [name, plan] : world_.departments.subscriptions) received[name] = ReadReceived(world_.disk, plan);
    const NaiveExchange naive(world_.departments, witness, *exchange.catalog(), exchange.runs());
    const Judgement judgement =
        judge({world_.departments, witness, naive, received, exchange, catalog_version_min, settled});
    CHECK(judgement.looked_at > 0);
    return judgement.complaints;
  }
  // The message is not there, or `change` is done to it.
  void Alter(const std::string& topic, uint32_t partition, broker::Position position,
             std::function<bool(broker::Message&)> change) {
    broker.alter = [=](const broker::TopicPartition& place, broker::Message& message) {
      const bool meant = place.topic == topic && place.partition == partition && message.position == position;
      return !meant || change(message);
    };
  }
  void Hide(const std::string& topic, uint32_t partition, size_t from_end) {
    Alter(topic, partition, world_.PositionFromEnd(topic, partition, from_end), [](broker::Message&) { return false; });
  }

 private:
  SoundWorld& world_;

 public:
  AlteredBroker broker;
  AlteredExchange exchange;
  Witness witness;
  uint64_t catalog_version_min = 2;
  bool settled = true;
};

bool Speaks(const std::vector<std::string>& complaints, const std::string& of) {
  for (const std::string& complaint : complaints) {
    CAPTURE(complaint);
    if (absl::StrContains(complaint, of)) return true;
  }
  for (const std::string& complaint : complaints) UNSCOPED_INFO("said: " << complaint);
  UNSCOPED_INFO("expected: " << of);
  return false;
}

}  // namespace

TEST_CASE("every judge looks at a sound exchange and has nothing to say") {
  SoundWorld world;
  for (const bool settled : {false, true}) {
    for (const Judge& judge : AllJudges()) {
      Showing showing(world);
      showing.settled = settled;
      showing.witness.Look(showing.broker);
      showing.witness.Compare(showing.broker, true);
      INFO(std::string(judge.name) << (settled ? ", settled" : ""));
      const std::vector<std::string> complaints = showing.Complaints(judge.look);
      CHECK(complaints == std::vector<std::string>());
    }
  }
}

TEST_CASE("the books' judge sees books that others count otherwise") {
  SoundWorld world;
  Showing showing(world);
  showing.exchange.alter_books = [](node::Books& books) {
    books.resources.at(0).balanced = false;
    books.resources.at(0).published += 1;
    books.resources.at(0).verdicts[ledger::Verdict::kInserted] += 1;
    for (node::SubscriptionBooks& subscription : books.subscriptions) {
      subscription.balanced = false;
      subscription.refused += 1;
    }
  };
  showing.exchange.alter_runs = [](std::vector<node::RunBooks>& runs) { runs.at(0).decided -= 1; };
  const auto complaints = showing.Complaints(BooksBalance);
  CHECK(Speaks(complaints, "do not balance"));
  CHECK(Speaks(complaints, "its topic held"));
  CHECK(Speaks(complaints, "inserted, it should be"));
  CHECK(Speaks(complaints, "the sink's files name"));
  CHECK(Speaks(complaints, "the sink's files hold"));
  CHECK(Speaks(complaints, "published rows are decided"));
}

TEST_CASE("the ledger's judge sees a changed entry, a missing one and a lane that believes something else") {
  SoundWorld world;
  for (uint32_t lane = 0; lane < 2; ++lane) {
    Showing changed(world);
    changed.Alter("ledger", lane, world.PositionFromEnd("ledger", lane, 1), [](broker::Message& message) {
      std::string bytes(message.body.bytes());
      bytes.back() = static_cast<char>(bytes.back() ^ 1);
      message.body = broker::Body(bytes);
      return true;
    });
    CHECK(Speaks(changed.Complaints(LedgerChainHolds), "ledger of lane " + std::to_string(lane)));
    Showing missing(world);
    missing.Hide("ledger", lane, 1);
    CHECK(Speaks(missing.Complaints(LedgerChainHolds), "it has number"));
  }
  Showing behind(world);
  behind.exchange.alter_state = [](pipeline::LaneState& state) { --state.head.sequence; };
  CHECK(Speaks(behind.Complaints(LedgerChainHolds), "believes that its ledger ends"));
}

TEST_CASE("the streams' judge sees a delivery that is missing or that nobody decided") {
  SoundWorld world;
  const std::string stream = world.StreamOf("names");
  Showing missing(world);
  missing.Hide(stream, 0, 1);
  CHECK(!missing.Complaints(StreamSequencesAreGapFree).empty());
  Showing last(world);
  last.Hide(stream, 0, 0);
  CHECK(Speaks(last.Complaints(StreamSequencesAreGapFree), "and the topic holds 0 of them"));
  Showing undecided(world);
  uint32_t lane = 0;
  for (const Witness::Message& message :
       (undecided.witness.Look(undecided.broker), undecided.witness).Find(stream, 0)->messages) {
    lane = message.lane;
  }
  undecided.witness = Witness();
  undecided.Hide("ledger", lane, 0);
  CHECK(Speaks(undecided.Complaints(StreamSequencesAreGapFree), "no ledger entry delivered it"));
  Showing again(world);
  again.Hide("again." + std::to_string(world.exchange().catalog()->FindSubscription("late")->id), 0, 0);
  CHECK(Speaks(again.Complaints(StreamSequencesAreGapFree), "and the topic holds 0 of them"));
}

TEST_CASE("the catalog's judge sees a lost change, another table and a lane left behind") {
  SoundWorld world;
  Showing lost(world);
  lost.catalog_version_min = 3;
  CHECK(Speaks(lost.Complaints(CatalogsConverge), "was told OK"));
  Showing other(world);
  other.Hide("catalog", 0, 0);
  CHECK(Speaks(other.Complaints(CatalogsConverge), "the catalog topic makes 1"));
  Showing behind(world);
  behind.exchange.alter_state = [](pipeline::LaneState& state) { state.catalog_version = 1; };
  CHECK(Speaks(behind.Complaints(CatalogsConverge), "decides under catalog version 1"));
}

TEST_CASE("the views' judge sees a hidden item in a stream, in an untouched batch and in a file") {
  SoundWorld world;
  Witness seen;
  seen.Look(world.exchange().broker());
  const std::string whole = seen.Find(world.StreamOf("everything"), 0)->messages.back().body;
  const std::string stream = world.StreamOf("names");
  Showing leak(world);
  leak.Alter(stream, 0, world.PositionFromEnd(stream, 0, 0), [&](broker::Message& message) {
    message.body = broker::Body(whole);
    return true;
  });
  const auto complaints = leak.Complaints(NothingOutsideAViewLeaves);
  CHECK(Speaks(complaints, "its payload holds a value of the hidden item secret"));
  CHECK(Speaks(complaints, "fingerprints"));

  world.disk.Place("/out/names/changes-18446744073709551615.csv",
                   "_operation,_key,_lane,_sequence,_source_file,_source_row,code,secret\n"
                   "insert,00000000000000000000000000000000,0,1,first,1,code:1,secret:1\n");
  Showing file(world);
  const auto of_file = file.Complaints(NothingOutsideAViewLeaves);
  CHECK(Speaks(of_file, "column secret"));
  CHECK(Speaks(of_file, "hold a value of the hidden item secret: secret:1"));
}

TEST_CASE("the retention's judge sees what was dropped and is needed") {
  SoundWorld world;
  Showing present(world);
  present.broker.dropped_topic = world.PublishTopic();
  CHECK(Speaks(present.Complaints(RetentionKeepsWhatIsNeeded), "the present record of key"));
  Showing input(world);
  input.exchange.alter_state = [](pipeline::LaneState& state) { state.inputs.clear(); };
  input.witness.Look(input.broker);
  input.broker.dropped_topic = world.PublishTopic();
  CHECK(Speaks(input.Complaints(RetentionKeepsWhatIsNeeded), "has not decided it"));
  for (const std::string topic : {"ledger", "receipts"}) {
    Showing journal(world);
    journal.witness.Look(journal.broker);
    journal.broker.dropped_topic = topic;
    CHECK(Speaks(journal.Complaints(RetentionKeepsWhatIsNeeded), "everything in it"));
  }
  Showing unread(world);
  unread.witness.Look(unread.broker);
  unread.broker.dropped_topic = world.StreamOf("names");
  unread.Hide("receipts", 0, 0);
  CHECK(Speaks(unread.Complaints(RetentionKeepsWhatIsNeeded), "but"));
}

TEST_CASE("the index's judge passes on what differs") {
  SoundWorld world;
  Showing showing(world);
  showing.exchange.verified = absl::DataLossError("lane 1: the index in use differs");
  CHECK(Speaks(showing.Complaints(IndexEqualsOneRebuilt), "differs"));
}

TEST_CASE("the durability's judge sees what is gone, changed or cut off") {
  SoundWorld world;
  const std::string stream = world.StreamOf("names");
  Showing gone(world);
  gone.witness.Look(gone.broker);
  gone.Hide(stream, 0, 1);
  gone.witness.Compare(gone.broker, true);
  CHECK(Speaks(gone.Complaints(NothingVisibleIsEverLost), "was visible and is gone"));
  Showing changed(world);
  changed.witness.Look(changed.broker);
  changed.Alter(stream, 0, world.PositionFromEnd(stream, 0, 0), [](broker::Message& message) {
    message.envelope += "x";
    return true;
  });
  changed.witness.Compare(changed.broker, true);
  CHECK(Speaks(changed.Complaints(NothingVisibleIsEverLost), "has other bytes"));
}

TEST_CASE("the rows' judge sees rows that are missing, doubled, foreign or never read") {
  SoundWorld world;
  Showing missing(world);
  for (uint32_t partition = 0; partition < 2; ++partition) {
    Showing hidden(world);
    hidden.Hide(world.PublishTopic(), partition, 0);
    const auto complaints = hidden.Complaints(EveryRowIsPublishedOnce);
    CHECK(Speaks(complaints, "the topics hold"));
    CHECK(Speaks(complaints, "was never published"));
  }
  Showing doubled(world);
  const broker::Position last = world.PositionFromEnd(world.PublishTopic(), 0, 0);
  Witness seen;
  seen.Look(world.exchange().broker());
  const std::string before = seen.Find(world.PublishTopic(), 0)->messages[0].body;
  doubled.Alter(world.PublishTopic(), 0, last, [&](broker::Message& message) {
    message.body = broker::Body(before);
    return true;
  });
  const auto complaints = doubled.Complaints(EveryRowIsPublishedOnce);
  CHECK(Speaks(complaints, "is published twice"));
  CHECK(Speaks(complaints, "comes behind row"));

  Showing foreign(world);
  foreign.exchange.alter_runs = [](std::vector<node::RunBooks>& runs) {
    runs.at(0).identity = "other";
    runs.erase(runs.begin() + 1);
  };
  const auto of_runs = foreign.Complaints(EveryRowIsPublishedOnce);
  CHECK(Speaks(of_runs, "reads content that nobody wrote"));
  CHECK(Speaks(of_runs, "which nobody began"));
  CHECK(Speaks(of_runs, "dump first of in"));

  world.departments.Add({"companies", "in", "third", "identity of third", {MakeRow(9, "z", 9)}});
  Showing unread(world);
  CHECK(Speaks(unread.Complaints(EveryRowIsPublishedOnce), "dump third of in"));
  unread.settled = false;
  CHECK(unread.Complaints(EveryRowIsPublishedOnce).empty());
}

}  // namespace datong::simulation
