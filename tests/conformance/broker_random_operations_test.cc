// SPDX-License-Identifier: Apache-2.0
// Any sequence of operations, with ends and crashes in the middle, leaves what a model in memory says.
#include <map>

#include "exchange_core/base/random.h"
#include "tests/conformance/broker_conformance.h"

namespace datong::conformance {
namespace {

using broker::Body;
using broker::TopicPartition;

// The engine and, beside it, what must be true of it.
class ModelledBroker {
 public:
  ModelledBroker(BrokerUnderTest& test, int empty_polls_at_end, uint64_t seed)
      : test_(test), empty_polls_at_end_(empty_polls_at_end), random_(seed) {
    MakeTopic(test_.broker(), "records", 2);
    MakeTopic(test_.broker(), "more");
    MakeTopic(test_.broker(), "ledger", 1, broker::TopicKind::kLedger);
    for (const TopicPartition& p : {TopicPartition{"records", 0}, {"records", 1}, {"more", 0}, {"ledger", 0}}) {
      partitions_.push_back(p);
      kept_from_[p] = 0;
    }
    writer_ = test_.broker().OpenWriter("w").value();
  }

  void Step() {
    switch (random_.Below(12)) {
      case 0:
        return Restart(false);
      case 1:
        return Restart(true);
      case 2:
        return Drop();
      case 3:
        held_ = {};
        writer_ = test_.broker().OpenWriter("w").value();
        return;
      case 4:
        return Compare(Any());
      default:
        return Transact();
    }
  }

  void CompareAll() {
    for (const auto& partition : partitions_) Compare(partition);
    for (const auto& [group, next] : positions_) {
      CHECK(test_.broker().CommittedPosition(group.first, group.second).value() == next);
    }
  }

 private:
  const TopicPartition& Any() { return partitions_[random_.Below(partitions_.size())]; }

  Body AnyBody() {
    if (!held_.empty() && random_.Below(3) == 0) return held_[random_.Below(held_.size())];
    static constexpr size_t kSizes[] = {0, 10, 4'096, 4'097, 20'000, 70'000};
    return Body(LargeBody(random_.Next(), kSizes[random_.Below(6)]));
  }

  void Transact() {
    auto transaction = writer_->Begin().value();
    std::map<TopicPartition, std::vector<std::string>> appended;
    std::map<std::pair<std::string, TopicPartition>, broker::Position> advanced;
    Body body = AnyBody();
    for (uint64_t left = random_.Below(6); left > 0; --left) {
      if (random_.Below(2) == 0) body = AnyBody();
      const TopicPartition& to = Any();
      transaction->Append(to, "k", std::string(random_.Below(3) * 3'000, 'e'), body);
      appended[to].emplace_back(body.bytes());
    }
    if (random_.Below(2) == 0) {
      const auto group = std::make_pair(std::string(random_.Below(2) == 0 ? "g" : "h"), Any());
      advanced[group] = random_.Next() >> 8;
      transaction->AdvancePosition(group.first, group.second, advanced[group]);
    }
    if (random_.Below(8) == 0) return transaction->Abort();
    const auto status = transaction->Commit();
    INFO(status.ToString());
    REQUIRE(status.ok());
    for (auto& [to, bodies] : appended) {
      for (auto& bytes : bodies) expected_[to].push_back(std::move(bytes));
    }
    for (const auto& [group, next] : advanced) positions_[group] = next;
  }

  void Compare(const TopicPartition& partition) {
    const auto messages = ReadAll(test_.broker(), partition, kept_from_[partition], empty_polls_at_end_);
    CHECK(Bodies(messages) == expected_[partition]);
    for (const auto& message : messages) {
      if (random_.Below(4) == 0) held_.push_back(message.body);
    }
    if (held_.size() > 20) held_.erase(held_.begin(), held_.end() - 20);
  }

  void Drop() {
    const TopicPartition& of = Any();
    const auto messages = ReadAll(test_.broker(), of, kept_from_[of], empty_polls_at_end_);
    if (messages.empty()) return;
    const size_t count = random_.Below(messages.size() + 1);
    const broker::Position keep = count == messages.size() ? test_.broker().Bounds(of)->end : messages[count].position;
    REQUIRE(test_.broker().DropBefore(of, keep).ok());
    auto& expected = expected_[of];
    expected.erase(expected.begin(), expected.begin() + static_cast<ptrdiff_t>(count));
    kept_from_[of] = std::max(kept_from_[of], keep);
  }

  void Restart(bool crash) {
    writer_.reset();
    crash ? test_.Crash() : test_.Reopen();
    writer_ = test_.broker().OpenWriter("w").value();
    CompareAll();
  }

  BrokerUnderTest& test_;
  const int empty_polls_at_end_;
  base::SeededRandom random_;
  std::unique_ptr<broker::Writer> writer_;
  std::vector<TopicPartition> partitions_;
  std::map<TopicPartition, std::vector<std::string>> expected_;
  std::map<TopicPartition, broker::Position> kept_from_;
  std::map<std::pair<std::string, TopicPartition>, broker::Position> positions_;
  std::vector<Body> held_;  // read earlier, maybe from before a restart
};

TEST_CASE("random operations agree with a model") {
  const uint64_t seed = Seed();
  INFO("DATONG_SEED=" << seed);
  OnEveryEngine([&](BrokerUnderTest& test, const EngineUnderTest& engine) {
    ModelledBroker model(test, engine.empty_polls_at_end, seed);
    for (int step = 0; step < 250; ++step) model.Step();
    model.CompareAll();
  });
}

}  // namespace
}  // namespace datong::conformance
