// SPDX-License-Identifier: Apache-2.0
// The exchange's books balance at every look, and say what others counted: the naive exchange, the topics, and the
// departments that received.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "tests/simulation/judges/judge.h"

namespace datong::simulation {
namespace {

class BookJudge {
 public:
  explicit BookJudge(const Evidence& evidence) : evidence_(evidence), catalog_(evidence.exchange.catalog()) {}

  Judgement Judge() {
    // While a lane waits for the world to mend, what it knows may be half read: its books count when it goes on.
    if (!evidence_.settled && !evidence_.exchange.Trouble().ok()) return {};
    for (const auto& [place, partition] : evidence_.witness.partitions()) {
      if (!absl::StartsWith(place.first, "pub.")) continue;
      for (const Witness::Message& message : partition.messages) published_[place.first] += message.records.size();
    }
    const node::Books books = evidence_.exchange.books();
    for (const node::ResourceBooks& resource : books.resources) JudgeResource(resource);
    for (const node::SubscriptionBooks& subscription : books.subscriptions) JudgeSubscription(subscription);
    for (const node::RunBooks& run : evidence_.exchange.runs()) JudgeRun(run);
    return std::move(judgement_);
  }

 private:
  template <typename... What>
  void Complain(const What&... what) {
    judgement_.Complain(absl::StrCat(what...));
  }

  void JudgeResource(const node::ResourceBooks& books) {
    ++judgement_.looked_at;
    uint64_t decided = 0;  // of what was published: the exchange's own deletes nobody did
    for (const auto& [verdict, records] : books.verdicts) decided += records;
    decided -= std::min(decided, books.generated);
    if (!books.balanced || books.published != decided + books.waiting) {
      Complain("resource ", books.resource, ": published ", books.published, ", decided ", decided, ", waiting ",
               books.waiting, " do not balance");
    }
    const catalog::Resource* resource = catalog_->FindResource(books.resource);
    const uint64_t in_topic = resource == nullptr ? 0 : published_[resource->publish_topic()];
    if (books.published != in_topic) {
      Complain("resource ", books.resource, ": the books say that ", books.published,
               " rows were published, its topic ", "held ", in_topic);
    }
    if (evidence_.settled && books.waiting != 0) {
      Complain("resource ", books.resource, ": ", books.waiting, " rows still wait for a decision");
    }
    const auto naive = evidence_.naive.resources().find(books.resource);
    std::map<ledger::Verdict, uint64_t> should;
    if (naive != evidence_.naive.resources().end()) should = naive->second.verdicts;
    for (const auto& [verdict, records] : books.verdicts) should.try_emplace(verdict, 0);
    for (const auto& [verdict, expected] : should) {
      const auto it = books.verdicts.find(verdict);
      const uint64_t records = it == books.verdicts.end() ? 0 : it->second;
      judgement_.looked_at += records;
      // What is staged becomes less again, so that books behind the ledger may have more of it as well.
      const bool may_differ = !evidence_.settled && (verdict == ledger::Verdict::kStaged || records < expected);
      if (records == expected || may_differ) continue;
      Complain("resource ", books.resource, ": the books count ", records, " ", std::string(ledger::NameOf(verdict)),
               ", it should be ", expected);
    }
  }

  void JudgeSubscription(const node::SubscriptionBooks& books) {
    ++judgement_.looked_at;
    if (!books.balanced) {
      Complain("subscription ", books.subscription, ": accepted since its start ", books.accepted_since_start,
               ", sent again ", books.sent_again, ", delivered ", books.delivered, ", filtered ", books.filtered,
               ", withheld ", books.withheld, ", applied ", books.applied, ", refused ", books.refused, ", in flight ",
               books.in_flight, " do not balance");
    }
    const auto received = evidence_.received.find(books.subscription);
    const auto plan = evidence_.departments.subscriptions.find(books.subscription);
    if (received == evidence_.received.end() || plan == evidence_.departments.subscriptions.end()) return;
    // A sink may hold what it was not heard to say yet; one whose subscription ended or rests may never say it.
    const bool all_said = evidence_.settled && !plan->second.ended && !plan->second.suspended;
    if (all_said && books.in_flight != 0) {
      Complain("subscription ", books.subscription, ": ", books.in_flight, " records are still in flight");
    }
    const uint64_t refused = received->second.refused.size();
    if (all_said ? books.refused != refused : books.refused > refused) {
      Complain("subscription ", books.subscription, ": ", books.refused, " records are booked as refused, the sink's ",
               "files name ", refused);
    }
    if (plan->second.state_form) return;  // a state does not tell how many changes made it
    const uint64_t held = received->second.records.size() + refused;
    judgement_.looked_at += held;
    const uint64_t booked = books.applied + books.refused;
    if (all_said ? booked != held : booked > held) {
      Complain("subscription ", books.subscription, ": ", books.applied, " applied and ", books.refused,
               " refused are booked, the sink's files hold ", received->second.records.size(), " and ", refused);
    }
  }

  void JudgeRun(const node::RunBooks& run) {
    ++judgement_.looked_at;
    if (evidence_.settled ? run.decided != run.rows_published : run.decided > run.rows_published) {
      Complain("run ", run.run, " (", run.resource, ", ", run.name, "): ", run.decided, " of ", run.rows_published,
               " published rows are decided");
    }
    for (const node::RunBooks::Subscriber& subscriber : run.subscribers) {
      const auto plan = evidence_.departments.subscriptions.find(subscriber.subscription);
      if (plan == evidence_.departments.subscriptions.end()) continue;
      const bool all_said = evidence_.settled && !plan->second.ended && !plan->second.suspended;
      if (all_said ? subscriber.applied == subscriber.delivered : subscriber.applied <= subscriber.delivered) continue;
      Complain("run ", run.run, " (", run.resource, ", ", run.name, "): ", subscriber.delivered, " delivered to ",
               subscriber.subscription, ", ", subscriber.applied, " applied");
    }
  }

  const Evidence& evidence_;
  const std::shared_ptr<const catalog::CatalogTable> catalog_;
  std::map<std::string, uint64_t> published_;  // rows, by topic
  Judgement judgement_;
};

}  // namespace

Judgement BooksBalance(const Evidence& evidence) { return BookJudge(evidence).Judge(); }

}  // namespace datong::simulation
