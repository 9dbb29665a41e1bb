// SPDX-License-Identifier: Apache-2.0
// Where several machines reach the topics of an exchange, processes come and go: there is one leader at a time, every
// lane is given to somebody who lives, and whoever was only asleep finds his place taken and takes another.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/membership.h"
#include "exchange_core/node/move_claim.h"
#include "tests/support/flaky_broker.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_exchange.h"

namespace datong::node {
namespace {

constexpr base::TimeUs kLease = 1'000'000;
constexpr uint32_t kLanes = 4;

class Place {
 public:
  Place() {
    embedded::EmbeddedOptions options;
    options.directory = directory_.path();
    options.clock = &clock;
    options.durability = embedded::Durability::kOs;
    options.position_gap_max = 5;
    auto opened = embedded::OpenEmbeddedBroker(options);
    REQUIRE(opened.ok());
    broker = *std::move(opened);
  }

  Membership::Options OptionsOf(const std::string& process, uint32_t format = 1) {
    Membership::Options options;
    options.broker = broker.get();
    options.clock = &clock;
    options.process = process;
    options.instance = ++instances_;
    options.lease_us = kLease;
    options.format = format;
    return options;
  }
  std::unique_ptr<Membership> Join(const std::string& process) {
    auto joined = Membership::Join(OptionsOf(process), [](const std::string&, bool) { return false; });
    INFO(joined.status());
    REQUIRE(joined.ok());
    (*joined)->SetLanes(kLanes);
    return *std::move(joined);
  }
  absl::StatusOr<std::unique_ptr<Membership>> JoinAlone(const std::string& process, const Membership::Wait& wait) {
    auto joined = Membership::JoinAlone(OptionsOf(process), wait);
    if (joined.ok()) (*joined)->SetLanes(kLanes);
    return joined;
  }
  // Time passes for these; whoever is not named sleeps.
  void Pass(base::TimeUs time, const std::vector<Membership*>& awake) {
    for (base::TimeUs passed = 0; passed < time; passed += kLease / 10) {
      clock.Advance(kLease / 10);
      for (Membership* one : awake) {
        one->Step();
        if (const uint64_t lead = one->lead_to_take(); lead != 0) one->LeadFrom(lead);
      }
    }
  }

  tests::StepClock clock;
  std::unique_ptr<broker::Broker> broker;

 private:
  tests::TemporaryDirectory directory_;
  uint64_t instances_ = 0;
};

uint32_t LanesOf(const Membership& one) {
  uint32_t lanes = 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane) lanes += one.WorksOn(lane);
  return lanes;
}

void CheckEachLaneHasOneOwner(const std::vector<Membership*>& members) {
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    int owners = 0;
    for (const Membership* one : members) owners += one->WorksOn(lane);
    CAPTURE(lane);
    CHECK(owners == 1);
  }
}

bool NeverWait(const std::string&, bool) {
  FAIL("nobody is there, and yet somebody is waited for");
  return false;
}

TEST_CASE("who begins while the leader drops its old claims begins all the same") {
  constexpr uint64_t kMove = 4711;
  Place place;
  REQUIRE(ClaimForMove(*place.broker, place.clock, kMove, "the mover").ok());
  REQUIRE(FinishMove(*place.broker, place.clock, kMove).value());
  const broker::TopicPartition holder{kHolderTopic, 0};
  tests::FlakyBroker broker(*place.broker);
  int opened = 0;
  broker.SetReaderOpened([&](const broker::TopicPartition& from) {
    CHECK(from == holder);
    if (++opened > 1) return;
    const broker::PartitionBounds bounds = place.broker->Bounds(holder).value();
    REQUIRE(place.broker->DropBefore(holder, bounds.end - 1).ok());
  });
  CHECK(EnterAfterMove(broker, place.clock, 0).ok());
  CHECK(opened == 2);
}

TEST_CASE("while an exchange is carried over to here nobody may begin, and then everybody may") {
  constexpr uint64_t kMove = 4711;
  Place place;
  const auto claim = [&](uint64_t move, const std::string& mover) {
    return ClaimForMove(*place.broker, place.clock, move, mover);
  };
  const auto enter = [&](uint64_t move) { return EnterAfterMove(*place.broker, place.clock, move); };
  CHECK(enter(0).ok());  // there is nothing at all
  REQUIRE(claim(kMove, "the mover").ok());
  place.clock.Advance(1'000 * kLease);
  const absl::Status early = enter(0);
  CHECK(IsBeingMoved(early));
  CHECK(std::string(early.message()).find("the mover") != std::string::npos);
  CHECK(IsBeingMoved(enter(kMove + 1)));
  // Whoever does not ask leads nothing and works on no lane.
  const auto unasked = place.Join("unasked");
  place.Pass(3 * kLease, {unasked.get()});
  CHECK_FALSE(unasked->leads());
  CHECK(LanesOf(*unasked) == 0);
  unasked->Leave();
  REQUIRE(claim(kMove, "the mover again").ok());
  CHECK(absl::IsAlreadyExists(claim(kMove + 1, "another")));
  SECTION("the move says that it is complete") {
    CHECK(FinishMove(*place.broker, place.clock, kMove).value());
    CHECK_FALSE(FinishMove(*place.broker, place.clock, kMove).value());
    CHECK(absl::IsAlreadyExists(claim(kMove, "the mover")));
    CHECK(enter(0).ok());
  }
  SECTION("it had no time to, and the one whom it was made for begins") {
    CHECK(enter(kMove).ok());
    CHECK_FALSE(FinishMove(*place.broker, place.clock, kMove).value());
  }
  CHECK(place.JoinAlone("anybody", NeverWait).ok());
  CHECK(absl::IsAlreadyExists(claim(kMove + 1, "another")));
}

TEST_CASE("the first one leads and has all lanes; whoever joins gets his share; who leaves gives it back") {
  Place place;
  const auto one = place.Join("one");
  place.Pass(kLease / 2, {one.get()});
  CHECK(one->leads());
  CHECK(LanesOf(*one) == 4);
  CHECK_FALSE(one->has_company());

  const auto two = place.Join("two");
  place.Pass(kLease, {one.get(), two.get()});
  CHECK(one->leads());
  CHECK_FALSE(two->leads());
  CHECK(two->leader() == "one");
  CHECK(LanesOf(*one) == 2);
  CHECK(LanesOf(*two) == 2);
  CHECK(one->has_company());
  CheckEachLaneHasOneOwner({one.get(), two.get()});

  const auto three = place.Join("three");
  place.Pass(kLease, {one.get(), two.get(), three.get()});
  CheckEachLaneHasOneOwner({one.get(), two.get(), three.get()});
  CHECK(LanesOf(*three) == 1);

  two->Leave();
  place.Pass(kLease / 2, {one.get(), three.get()});  // nobody waits for a lease
  CheckEachLaneHasOneOwner({one.get(), three.get()});

  one->Leave();
  place.Pass(kLease / 2, {three.get()});
  CHECK(three->leads());
  CHECK(LanesOf(*three) == 4);
}

TEST_CASE(
    "a member that has gone silent loses its lanes after a lease and no earlier, and has lanes again when it wakes") {
  Place place;
  const auto leader = place.Join("leader");
  const auto sleeper = place.Join("sleeper");
  place.Pass(kLease, {leader.get(), sleeper.get()});
  REQUIRE(LanesOf(*sleeper) == 2);
  place.Pass(kLease / 2, {leader.get()});
  CHECK(LanesOf(*leader) == 2);
  place.Pass(kLease, {leader.get()});
  CHECK(LanesOf(*leader) == 4);
  place.Pass(kLease, {leader.get(), sleeper.get()});
  CHECK(LanesOf(*sleeper) == 2);
  CheckEachLaneHasOneOwner({leader.get(), sleeper.get()});
  CHECK(leader->leads());
}

TEST_CASE("a leader that has gone silent is followed, and is no leader when it wakes") {
  Place place;
  const auto sleeper = place.Join("sleeper");
  const auto next = place.Join("next");
  place.Pass(kLease, {sleeper.get(), next.get()});
  REQUIRE(sleeper->leads());
  CHECK(sleeper->Confirm().ok());
  place.Pass(kLease / 2, {next.get()});
  CHECK_FALSE(next->leads());
  CHECK(sleeper->Confirm().ok());
  place.Pass(kLease, {next.get()});
  CHECK(next->leads());
  CHECK(LanesOf(*next) == 4);
  CHECK(next->Confirm().ok());
  const absl::Status lost = sleeper->Confirm();
  CHECK(absl::IsAborted(lost));
  CHECK(std::string(lost.message()).find("next") != std::string::npos);
  place.Pass(kLease, {sleeper.get(), next.get()});
  CHECK_FALSE(sleeper->leads());
  CHECK(sleeper->leader() == "next");
  CHECK(next->leads());
  CheckEachLaneHasOneOwner({sleeper.get(), next.get()});
}

TEST_CASE("a place that another took is no longer its sleeper's, who takes the next one") {
  Place place;
  const auto leader = place.Join("leader");
  const auto sleeper = place.Join("sleeper");
  place.Pass(kLease, {leader.get(), sleeper.get()});
  place.Pass(2 * kLease, {leader.get()});
  // It looks for a whole lease before it takes the place of one that may live; those it finds free are others.
  std::vector<std::unique_ptr<Membership>> more;
  std::vector<Membership*> awake = {leader.get()};
  for (int i = 0; i < 6; ++i) {
    more.push_back(place.Join("more " + std::to_string(i)));
    awake.push_back(more.back().get());
  }
  place.Pass(kLease, awake);
  auto last = Membership::Join(place.OptionsOf("last"), [&](const std::string&, bool) {
    place.Pass(kLease / 10, awake);
    return true;
  });
  REQUIRE(last.ok());
  awake.push_back(last->get());
  place.Pass(kLease, awake);
  // All places are taken now: the sleeper has none, and so no lanes, until one is free.
  auto with_sleeper = awake;
  with_sleeper.push_back(sleeper.get());
  place.Pass(kLease, with_sleeper);
  CHECK(LanesOf(*sleeper) == 0);
  more[0]->Leave();
  with_sleeper.erase(std::find(with_sleeper.begin(), with_sleeper.end(), more[0].get()));
  place.Pass(2 * kLease, with_sleeper);
  CheckEachLaneHasOneOwner(with_sleeper);
  const auto full = Membership::Join(place.OptionsOf("one more"), [&](const std::string&, bool) { return false; });
  CHECK(absl::IsResourceExhausted(full.status()));
}

TEST_CASE("alone is only who waits until nobody else lives") {
  Place place;
  place.JoinAlone("first", NeverWait).value()->Leave();
  const auto member = place.Join("member");
  place.Pass(kLease, {member.get()});
  int waited = 0;
  bool seen_alive = false;
  const auto refused = place.JoinAlone("impatient", [&](const std::string& process, bool alive) {
    CHECK(process == "member");
    seen_alive |= alive;
    place.Pass(kLease / 4, {member.get()});
    return ++waited < 50;
  });
  CHECK(absl::IsFailedPrecondition(refused.status()));
  CHECK(std::string(refused.status().message()).find("member") != std::string::npos);
  CHECK(waited == 50);
  CHECK(seen_alive);

  base::TimeUs silence = 0;
  const auto alone = place.JoinAlone("patient", [&](const std::string&, bool alive) {
    CHECK_FALSE(alive);
    place.clock.Advance(kLease / 10);
    silence += kLease / 10;
    return true;
  });
  REQUIRE(alone.ok());
  CHECK(silence >= kLease);
  CHECK(silence <= kLease + kLease / 5);
  place.Pass(kLease / 2, {alone->get()});
  CHECK((*alone)->leads());
  CHECK(LanesOf(**alone) == 4);
}

TEST_CASE("a newer release waits for the older ones to leave, and none of them comes after it") {
  Place place;
  const auto older = place.Join("older");
  place.Pass(kLease, {older.get()});
  int waits = 0;
  auto newer = Membership::Join(place.OptionsOf("newer", 2), [&](const std::string& process, bool) {
    CHECK(process == "older, of an older release");
    ++waits;
    if (waits < 30) {
      place.Pass(kLease / 10, {older.get()});
      CHECK(LanesOf(*older) == kLanes);
      CHECK(older->health().ok());
    } else if (waits == 30) {
      older->Leave();
    }
    return waits < 100;
  });
  INFO(newer.status());
  REQUIRE(newer.ok());
  CHECK(waits == 30);
  (*newer)->SetLanes(kLanes);
  place.Pass(2 * kLease, {newer->get()});
  CHECK((*newer)->leads());
  CHECK(LanesOf(**newer) == kLanes);
  const auto refused = [&] {
    const auto joined = Membership::Join(place.OptionsOf("back"), NeverWait);
    CHECK(std::string(joined.status().message()).find("newer") != std::string::npos);
    return absl::IsUnimplemented(joined.status()) &&
           absl::IsUnimplemented(place.JoinAlone("alone", NeverWait).status());
  };
  CHECK(refused());
  (*newer)->Leave();
  CHECK(refused());
  CHECK(Membership::Join(place.OptionsOf("newer again", 2), NeverWait).ok());
}

TEST_CASE("a newer release that may not wait says who is there") {
  Place place;
  const auto older = place.Join("older");
  place.Pass(kLease, {older.get()});
  const auto refused = Membership::Join(place.OptionsOf("newer", 2), [](const std::string&, bool) { return false; });
  CHECK(absl::IsResourceExhausted(refused.status()));
  CHECK(std::string(refused.status().message()).find("older, of an older release") != std::string::npos);
  place.Pass(kLease, {older.get()});
  CHECK(LanesOf(*older) == kLanes);
}

TEST_CASE("one of an older release that slept while a newer one came ends when it wakes") {
  Place place;
  const auto sleeper = place.Join("sleeper");
  place.Pass(kLease, {sleeper.get()});
  REQUIRE(LanesOf(*sleeper) == kLanes);
  auto newer = Membership::Join(place.OptionsOf("newer", 2), [&](const std::string&, bool) {
    place.clock.Advance(kLease / 10);
    return true;
  });
  REQUIRE(newer.ok());
  (*newer)->SetLanes(kLanes);
  place.Pass(2 * kLease, {newer->get()});
  CHECK(LanesOf(**newer) == kLanes);
  place.Pass(2 * kLease, {sleeper.get(), newer->get()});
  CHECK(absl::IsUnimplemented(sleeper->health()));
  CHECK_FALSE(sleeper->leads());
  CHECK(LanesOf(*sleeper) == 0);
  CHECK((*newer)->leads());
  CHECK(LanesOf(**newer) == kLanes);
  CHECK((*newer)->health().ok());
}

TEST_CASE("who leads does so once it has fenced the one before, not when it has claimed") {
  Place place;
  const auto one = place.Join("one");
  const uint64_t lead = one->lead_to_take();
  REQUIRE(lead != 0);
  CHECK_FALSE(one->leads());
  one->LeadFrom(lead);
  CHECK(one->leads());
  CHECK(one->lead_to_take() == 0);
  const auto two = place.Join("two");
  place.Pass(2 * kLease, {two.get()});
  REQUIRE(two->leads());
  place.Pass(kLease / 2, {one.get(), two.get()});
  CHECK_FALSE(one->leads());
  two->Leave();
  for (int step = 0; step < 3; ++step) {
    place.clock.Advance(kLease / 10);
    one->Step();
  }
  CHECK_FALSE(one->leads());  // another lead, to be prepared for anew
  CHECK(one->lead_to_take() != 0);
  CHECK(one->lead_to_take() != lead);
}

TEST_CASE("who was silent for a lease takes nothing over until it has said again that it lives") {
  Place place;
  const auto one = place.Join("one");
  CHECK(one->may_take_over());
  place.Pass(3 * kLease, {one.get()});
  CHECK(one->may_take_over());
  place.clock.Advance(kLease + kLease / 10);
  CHECK(LanesOf(*one) == 4);  // as far as it knows
  CHECK_FALSE(one->may_take_over());
  one->Step();
  CHECK(one->may_take_over());
}

TEST_CASE("old claims are dropped, and a late reader finds the last ones") {
  Place place;
  const auto one = place.Join("one");
  const auto first = place.broker->Bounds({"holder", 0})->begin;
  place.Pass(400 * kLease, {one.get()});
  CHECK(place.broker->Bounds({"holder", 0})->begin > first);
  CHECK(one->Confirm().ok());
  const auto two = place.Join("two");
  place.Pass(kLease, {one.get(), two.get()});
  CheckEachLaneHasOneOwner({one.get(), two.get()});
  CHECK(two->leader() == "one");
}

}  // namespace
}  // namespace datong::node
