// SPDX-License-Identifier: Apache-2.0
// The judges that hold deliveries and verdicts against the naive exchange complain of what is doubled, lost, swapped,
// too old or altered, and of nothing in what a sound exchange did.
#include <absl/strings/match.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/file/file_sink.h"
#include "connectors/runner/sink_runner.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/support/test_exchange.h"

namespace datong::simulation {
namespace {

using Look = Judgement (*)(const Evidence&);

constexpr char kCatalog[] = R"(
departments: [{name: provider}, {name: user}]
key_domains: [{name: objects}]
resources:
  - {name: firms, provider: provider, key_domain: objects, kind: entity, partitions: 2,
     items: [code, name, {name: rev, type: int64}], key: [code], version: rev}
  - {name: visits, provider: provider, key_domain: objects, kind: event, partitions: 2,
     items: [code, serial, name], key: [code], id: [code, serial], window: 1000s}
grants:
  - {name: firms, resource: firms, department: user, items: [code, name], purpose: test}
  - {name: visits, resource: visits, department: user, items: all, purpose: test}
)";

SubscriptionPlan MakePlan(const std::string& name, const std::string& resource, SubscriptionPlan::Start start,
                          bool state) {
  SubscriptionPlan plan;
  plan.name = name;
  plan.resource = resource;
  plan.items = {"code", "name"};
  plan.all_items = resource == "visits";
  if (plan.all_items) plan.items = {"code", "serial", "name"};
  plan.start = start;
  plan.state_form = state;
  plan.directory = "/out/" + name;
  return plan;
}

// Two resources of the two kinds; of the register four subscriptions that begin with it, two that begin later.
class SoundWorld {
 public:
  SoundWorld() {
    using Start = SubscriptionPlan::Start;
    departments.resources["firms"] = {"firms", true, true, 2, 0, {"code", "name", "rev"}, false, false};
    departments.resources["visits"] = {"visits", false, false, 2, 1'000'000'000, {"code", "serial", "name"},
                                       false,    false};
    exchange_.Apply(kCatalog);
    Subscribe(MakePlan("changes", "firms", Start::kBeginning, false), "beginning");
    Subscribe(MakePlan("state", "firms", Start::kBeginning, true), "beginning");
    Subscribe(MakePlan("events", "visits", Start::kBeginning, false), "beginning");
    tests::TestSource firms(*exchange_, "firms-in", "firms");
    tests::TestSource visits(*exchange_, "visits-in", "visits");
    Publish(firms, "firms", "f1", {{"a", "x", "5"}, {"b", "x", "5"}, {"a", "y", "6"}, {"a", "z", "2"}, {"", "x", "1"}});
    Publish(visits, "visits", "v1", {{"a", "1", "x"}, {"a", "2", "x"}, {"a", "1", "x"}});
    Subscribe(MakePlan("late", "firms", Start::kPresentState, false), "present");
    Subscribe(MakePlan("history", "visits", Start::kBeginning, false), "beginning");
    Publish(firms, "firms", "f2", {{"b", "y", "7"}, {"c", "x", "1"}, {"c", kNoFormInGbk, "2"}, {"b", "y", "7"}});
    Publish(visits, "visits", "v2", {{"a", "2", "x"}, {"b", "1", "y"}});
    for (const auto& [name, plan] : departments.subscriptions) {
      Deliver(plan);
      received[name] = ReadReceived(disk, plan);
    }
  }

  std::vector<std::string> Complaints(Look look, bool settled = true) {
    Witness witness;
    witness.Look(exchange_->broker());
    const NaiveExchange naive(departments, witness, *exchange_->catalog(), exchange_->runs());
    const Judgement judgement = look({departments, witness, naive, received, *exchange_, 1, settled});
    CHECK(judgement.looked_at > 0);
    return judgement.complaints;
  }
  bool Hears(Look look, const std::string& of, bool settled = true) {
    const std::vector<std::string> complaints = Complaints(look, settled);
    for (const std::string& complaint : complaints) UNSCOPED_INFO("said: " << complaint);
    return std::any_of(complaints.begin(), complaints.end(),
                       [&](const std::string& complaint) { return absl::StrContains(complaint, of); });
  }
  std::vector<ReceivedRecord>& Records(const std::string& subscription) { return received.at(subscription).records; }
  // The nth record of a key among the records of a subscription.
  ReceivedRecord& RecordOf(const std::string& subscription, const std::string& code, size_t nth) {
    for (ReceivedRecord& record : Records(subscription)) {
      if (record.values["code"] == code && nth-- == 0) return record;
    }
    FAIL("no such record");
    return Records(subscription).front();
  }

  Departments departments;
  std::map<std::string, Received> received;
  base::SeededRandom random{5};
  SimulatedDisk disk{random};

 private:
  void Subscribe(const SubscriptionPlan& plan, const std::string& start) {
    departments.subscriptions[plan.name] = plan;
    exchange_.Apply("subscriptions: [{name: " + plan.name + ", grant: " + plan.resource + ", start: " + start + "}]\n");
    exchange_.Settle();
  }

  void Publish(tests::TestSource& source, const std::string& resource, const std::string& name,
               const std::vector<tests::TestSource::Row>& texts) {
    const std::vector<std::string>& items = departments.resources.at(resource).items;
    Dump dump{resource, resource + "-in", name, "identity of " + name, {}};
    for (const tests::TestSource::Row& text : texts) {
      Row& row = dump.rows.emplace_back();
      for (size_t i = 0; i < items.size(); ++i) row.values[items[i]] = text[i];
      row.defective = text[0].empty();
    }
    departments.Add(std::move(dump));
    source.PublishUnit(name, "identity of " + name, texts, 2);
    exchange_.Settle();
  }

  void Deliver(const SubscriptionPlan& plan) {
    file::FileSinkOptions options;
    options.directory = plan.directory;
    options.format = file::Format::kCsv;
    options.form = plan.state_form ? file::SinkForm::kState : file::SinkForm::kChanges;
    runner::SinkRunner sink({plan.name, 2}, file::NewFileSink(options, disk), exchange_->client(),
                            exchange_.scheduler(), exchange_.clock(), random);
    while (sink.Step().kind == base::StepResult::Kind::kBusy) {
    }
    INFO(sink.progress().error.message);
    REQUIRE(sink.progress().state == runner::SinkProgress::State::kIdle);
  }

  tests::TestExchange exchange_;
};

const std::vector<Look> kJudges = {ExactlyOncePerSubscription, OrderPerKeyIsKept, VersionsNeverGoBack,
                                   PresentStateEqualsNaive, VerdictsEqualNaive};

}  // namespace

TEST_CASE("nothing is said of what a sound exchange did") {
  SoundWorld world;
  for (const Look look : kJudges) {
    for (const bool settled : {true, false}) CHECK(world.Complaints(look, settled) == std::vector<std::string>());
  }
}

TEST_CASE("a record that came twice is seen, also when it is written under the next number") {
  SoundWorld world;
  auto& records = world.Records("changes");
  records.push_back(world.RecordOf("changes", "a", 1));
  CHECK(world.Hears(ExactlyOncePerSubscription, "twice, or too late", false));
  uint64_t last = 0;
  for (const ReceivedRecord& record : records) {
    if (record.lane == records.back().lane) last = std::max(last, record.sequence);
  }
  records.back().sequence = last + 1;
  CHECK(world.Hears(ExactlyOncePerSubscription, "it should get", false));
  CHECK(world.Hears(OrderPerKeyIsKept, "not behind"));
}

TEST_CASE("a lost record is seen at once, and a lost end when all should have arrived") {
  for (const char* subscription : {"changes", "late", "events", "history"}) {
    CAPTURE(subscription);
    SoundWorld world;
    auto& records = world.Records(subscription);
    const uint32_t lane = records.back().lane;
    records.pop_back();
    CHECK(world.Hears(ExactlyOncePerSubscription, "never arrived"));
    CHECK_FALSE(world.Hears(ExactlyOncePerSubscription, "", false));
    std::erase_if(records, [&](const ReceivedRecord& record) { return record.lane == lane; });
    CHECK(world.Hears(ExactlyOncePerSubscription, "never arrived"));
  }
}

TEST_CASE("a lost first record of the stream is seen though what follows has no gap") {
  SoundWorld world;
  world.Records("changes").erase(world.Records("changes").begin());
  CHECK(world.Hears(ExactlyOncePerSubscription, "something before it is missing", false));
}

TEST_CASE("swapped records of a key are seen by what stands in them") {
  SoundWorld world;
  ReceivedRecord& first = world.RecordOf("changes", "a", 0);
  ReceivedRecord& second = world.RecordOf("changes", "a", 1);
  std::swap(first, second);
  std::swap(first.sequence, second.sequence);
  CHECK(world.Hears(ExactlyOncePerSubscription, "another row", false));
  CHECK(world.Hears(OrderPerKeyIsKept, "not behind", false));
  CHECK(world.Hears(VersionsNeverGoBack, "version 5 behind version 6", false));
}

TEST_CASE("an altered value, operation and key are seen, and an item that was never granted") {
  const std::vector<std::pair<std::string, std::function<void(ReceivedRecord&)>>> alterations = {
      {"name = \"q\"", [](ReceivedRecord& record) { record.values["name"] = "q"; }},
      {"name is missing", [](ReceivedRecord& record) { record.values.erase("name"); }},
      {"nor is it granted", [](ReceivedRecord& record) { record.values["rev"] = "6"; }},
      {"another operation", [](ReceivedRecord& record) { record.operation = "delete"; }},
      {"instead of", [](ReceivedRecord& record) { record.key[0] = 'x'; }}};
  for (const auto& [said, alter] : alterations) {
    CAPTURE(said);
    SoundWorld world;
    alter(world.RecordOf("late", "a", 0));
    CHECK(world.Hears(ExactlyOncePerSubscription, said, false));
    CHECK(world.Hears(PresentStateEqualsNaive, ""));
  }
}

TEST_CASE("a refusal must have a reason, and a number that exists") {
  SoundWorld world;
  const ReceivedRecord gone = world.RecordOf("changes", "c", 1);
  std::erase_if(world.Records("changes"), [&](const ReceivedRecord& record) {
    return record.lane == gone.lane && record.sequence == gone.sequence;
  });
  world.received.at("changes").refused.push_back({gone.lane, gone.sequence, gone.path});
  CHECK(world.Hears(ExactlyOncePerSubscription, "refused, but it can be written", false));
  world.departments.subscriptions.at("changes").gbk = true;
  CHECK_FALSE(world.Hears(ExactlyOncePerSubscription, ""));
  CHECK_FALSE(world.Hears(PresentStateEqualsNaive, ""));  // the line of the key stays as it was
  world.received.at("changes").refused.push_back({gone.lane, 99, gone.path});
  CHECK(world.Hears(ExactlyOncePerSubscription, "nothing has that number", false));
}

TEST_CASE("a state with a wrong line, one too few or one too many is seen") {
  SoundWorld wrong;
  wrong.RecordOf("state", "b", 0).values["name"] = "x";
  CHECK(wrong.Hears(PresentStateEqualsNaive, "holds another state"));
  SoundWorld few;
  few.Records("state").pop_back();
  CHECK(few.Hears(PresentStateEqualsNaive, "does not hold what is present"));
  SoundWorld many;
  many.Records("state").push_back(many.Records("state").front());
  many.Records("state").back().key[0] = 'x';
  CHECK(many.Hears(PresentStateEqualsNaive, "a key that is not present"));
  CHECK_FALSE(many.Hears(PresentStateEqualsNaive, "", false));
}

// The rows are altered instead of the ledger: the two then disagree alike.
TEST_CASE("a verdict that should be another is seen, and a row that nobody wrote") {
  SoundWorld stale;
  stale.departments.dumps[0].rows[3].values["rev"] = "9";
  CHECK(stale.Hears(VerdictsEqualNaive, "the ledger says stale, it is updated"));
  CHECK(stale.Hears(VerdictsEqualNaive, "the row declares 9"));
  SoundWorld unchanged;
  unchanged.departments.dumps[2].rows[3].values["name"] = "other";
  CHECK(unchanged.Hears(VerdictsEqualNaive, "the ledger says unchanged, it is updated"));
  CHECK(unchanged.Hears(VerdictsEqualNaive, "the books count"));
  CHECK(unchanged.Hears(ExactlyOncePerSubscription, ""));
  SoundWorld defective;
  defective.departments.dumps[0].rows[0].defective = true;
  CHECK(defective.Hears(VerdictsEqualNaive, "the row is defective"));
  SoundWorld event;
  event.departments.dumps[1].rows[2].values["serial"] = "3";
  CHECK(event.Hears(VerdictsEqualNaive, "the ledger says duplicate, it is inserted: the id is unknown"));
  SoundWorld nobody;
  nobody.departments.dumps[2].rows.pop_back();
  CHECK(nobody.Hears(VerdictsEqualNaive, "nobody ever wrote this row"));
  SoundWorld key;
  for (Row& row : key.departments.dumps[2].rows) row.values["code"] = "b";
  CHECK(key.Hears(VerdictsEqualNaive, "does not agree with"));
  CHECK(key.Hears(PresentStateEqualsNaive, "present keys"));
}

}  // namespace datong::simulation
