// SPDX-License-Identifier: Apache-2.0
#include "cli/migration.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <map>
#include <utility>

#include "broker_adapters/kafka/kafka_broker.h"
#include "cli/kafka_engine.h"
#include "cli/stop_signals.h"
#include "exchange_core/admin/answer.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/move_claim.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/pipeline/record_messages.h"

namespace datong::cli {
namespace {

using admin::Code;
using admin::Json;

constexpr char kWriter[] = "migrate";
constexpr size_t kGroupsPerCommit = 50;
constexpr size_t kNamesShown = 3;
constexpr int64_t kSettleMs = 1000;

// An answer that is looked at here.
class Collected final : public admin::Responder {
 public:
  void Row(const Json& row) override { rows.push_back(row); }
  void Progress(const Json&) override {}
  bool cancelled() override { return StopRequested(); }
  bool Pause(int64_t milliseconds) override { return WaitUnlessStopped(milliseconds); }
  Json rows = Json::array();
};

// The rows of an answer that say no, by what they are called.
std::string NamesOf(const Json& rows, const char* flag, std::initializer_list<const char*> names) {
  std::vector<std::string> found;
  for (const Json& row : rows) {
    if (row.value(flag, true)) continue;
    for (const char* name : names) {
      if (row.contains(name)) {
        found.push_back(absl::StrCat(name, " ", row.at(name).get<std::string>(), row.contains("detail") ? ": " : "",
                                     row.value("detail", std::string())));
        break;
      }
    }
  }
  return absl::StrJoin(found, ", ");
}

absl::Status Interrupted() {
  return admin::ToStatus({.code = Code::kInterrupted,
                          .what = "interrupted",
                          .next = "the same command goes on where it stopped; until it is done the exchange works as "
                                  "before"});
}

}  // namespace

TopicCopy::Look Migration::Counted(std::string_view phase) const {
  return [this, phase](uint64_t messages, uint64_t total) { return look_(phase, messages, total); };
}

absl::Status Migration::Uncounted(std::string_view phase) const {
  return look_(phase, 0, 0) ? absl::OkStatus() : Interrupted();
}

absl::Status Migration::Taken(const std::string& what, const std::string& why) const {
  return admin::ToStatus(
      {.code = Code::kNameTaken,
       .what = what,
       .where = absl::StrCat(target_.bootstrap_servers, ", topics ", target_.exchange, ".*"),
       .why = why,
       .next = "give another name with --exchange; or delete these topics, where nobody needs them"});
}

absl::StatusOr<Json> Migration::Run(const std::function<void(const Json& row)>& row) {
  ASSIGN_OR_RETURN(const bool there, HoldsExchange(ground_, directory_));
  if (!there) {
    return admin::ToStatus({.code = Code::kNoExchangeHere,
                            .what = "there is no exchange in this directory",
                            .where = directory_,
                            .next = "give the directory of the exchange that is to be carried over"});
  }
  ASSIGN_OR_RETURN(const EngineChoice engine, ChooseEngine(ground_.files, directory_, {}));
  if (engine.kafka) return Complete();

  ASSIGN_OR_RETURN(target_, ChooseMoveTarget(ground_.files, directory_, said_));
  resumed_ = target_.move != 0;
  RETURN_IF_ERROR(Hold());
  RETURN_IF_ERROR(ReachCluster());
  RETURN_IF_ERROR(CheckName());
  RETURN_IF_ERROR(CheckSource());
  RETURN_IF_ERROR(Claim());
  TopicCopy copy({holder_->KeepOnlyEngine(), *cluster_, *writing_, target_.exchange, ground_.steps},
                 [this](const std::string& topic, broker::Message& message) { return Restore(topic, message); });
  RETURN_IF_ERROR(CarryOver(copy));
  RETURN_IF_ERROR(CheckTarget(copy));
  RETURN_IF_ERROR(TakeLastSteps());

  TopicCopy::Counts all;
  for (const auto& [topic, counts] : copy.counts()) {
    row({{"topic", absl::StrCat(target_.exchange, ".", topic)},
         {"kept_messages", counts.kept},
         {"bytes", counts.bytes},
         {"carried_messages", counts.carried}});
    all.kept += counts.kept;
    all.bytes += counts.bytes;
    all.carried += counts.carried;
  }
  return Json{{"outcome", "moved"},        {"exchange", target_.exchange}, {"topics", copy.counts().size()},
              {"kept_messages", all.kept}, {"bytes", all.bytes},           {"carried_messages", all.carried},
              {"balanced", true},          {"heads", before_.heads},       {"kept_in", FormerLogPath(directory_)}};
}

// The exchange is on Kafka: what a move that was cut off has left to do.
absl::StatusOr<Json> Migration::Complete() {
  ASSIGN_OR_RETURN(target_, ChooseEngine(ground_.files, directory_, said_));
  const auto already = [&] {
    return admin::ToStatus({.code = Code::kWrongArguments,
                            .what = absl::StrCat("this exchange is on Kafka already, as \"", target_.exchange, "\""),
                            .where = directory_,
                            .next = "nothing is left to carry over"});
  };
  if (target_.move == 0) return already();
  const auto lock = LockForKafka(ground_, directory_);
  if (absl::IsFailedPrecondition(lock.status())) return already();  // a process works on it
  RETURN_IF_ERROR(lock.status());
  ASSIGN_OR_RETURN(const bool log_there, ground_.files.Exists(EmbeddedLogPath(directory_)));
  RETURN_IF_ERROR(SetFormerLogAside(ground_.files, directory_));
  ASSIGN_OR_RETURN(const kafka::KafkaOptions options, KafkaOptionsOf(ground_, target_));
  auto cluster = kafka::OpenKafkaBroker(options);
  RETURN_IF_ERROR(ExplainCluster(cluster.status(), target_));
  const auto finished = node::FinishMove(**cluster, ground_.clock, target_.move);
  RETURN_IF_ERROR(ExplainCluster(finished.status(), target_));
  if (!*finished && !log_there) return already();
  return Json{{"outcome", "completed"}, {"exchange", target_.exchange}, {"kept_in", FormerLogPath(directory_)}};
}

absl::Status Migration::Hold() {
  RETURN_IF_ERROR(Uncounted("opening the exchange"));
  HolderOptions options;
  options.directory = directory_;
  auto holder = ExchangeHolder::Open(ground_, options, nullptr);
  if (absl::IsFailedPrecondition(holder.status()) && IsHeld(ground_, directory_)) {
    return admin::ToStatus({.code = Code::kHeldBySilentProcess,
                            .what = "a process works on this exchange, and nobody may while it is carried over",
                            .where = directory_,
                            .why = std::string(base::Std(holder.status().message())),
                            .next = "stop it; start it again when this command is done"});
  }
  RETURN_IF_ERROR(holder.status());
  holder_ = *std::move(holder);
  catalog_ = holder_->exchange().catalog();
  lanes_ = holder_->exchange().lanes();
  topics_ = holder_->exchange().broker().ListTopics();
  std::erase(topics_, node::kHolderTopic);
  return absl::OkStatus();
}

absl::Status Migration::ReachCluster() {
  RETURN_IF_ERROR(Uncounted("asking the cluster"));
  ASSIGN_OR_RETURN(const kafka::KafkaOptions options, KafkaOptionsOf(ground_, target_));
  auto cluster = kafka::OpenKafkaBroker(options);
  RETURN_IF_ERROR(ExplainCluster(cluster.status(), target_));
  cluster_ = *std::move(cluster);
  auto writing = kafka::LogCopy::Open(options);
  RETURN_IF_ERROR(ExplainCluster(writing.status(), target_));
  writing_ = *std::move(writing);
  return absl::OkStatus();
}

// Whether the cluster has topics of that name that this move did not make.
absl::Status Migration::CheckName() {
  const auto there = writing_->Topics();
  RETURN_IF_ERROR(ExplainCluster(there.status(), target_));
  std::vector<std::string> foreign;
  for (const std::string& topic : *there) {
    const bool ours = topic == node::kHolderTopic || topic == node::kMembersTopic ||
                      std::binary_search(topics_.begin(), topics_.end(), topic);
    if (!resumed_ || !ours) foreign.push_back(absl::StrCat(target_.exchange, ".", topic));
  }
  if (foreign.empty()) return absl::OkStatus();
  const size_t more = foreign.size() - std::min(foreign.size(), kNamesShown);
  foreign.resize(std::min(foreign.size(), kNamesShown));
  return Taken("the cluster has topics of that name that are not of this move",
               absl::StrCat(absl::StrJoin(foreign, ", "), more > 0 ? absl::StrCat(" and ", more, " more") : ""));
}

absl::Status Migration::CheckSource() {
  RETURN_IF_ERROR(Uncounted("checking books and ledger"));
  ASSIGN_OR_RETURN(before_, Ask(holder_->exchange(), directory_));
  // So that the exchange starts on Kafka from where it is now; and the next look at it is a short one.
  return holder_->Stop();
}

absl::StatusOr<Migration::Answers> Migration::Ask(node::Exchange& exchange, const std::string& where) {
  Collected books, checks;
  ASSIGN_OR_RETURN(const Json balance, admin::Answer(exchange, ground_.clock, false, {"books"}, books));
  if (!balance.value("balanced", false)) {
    return admin::ToStatus(
        {.code = Code::kBooksDoNotBalance,
         .what = "the books do not balance, and such an exchange is not carried over",
         .where = where,
         .why = NamesOf(books.rows, "balanced", {"subscription", "resource"}),
         .next = "`datong books` shows them, `datong verify` compares the index with the ledger; keep a copy of "
                 "the directory"});
  }
  ASSIGN_OR_RETURN(const Json verified, admin::Answer(exchange, ground_.clock, false, {"verify"}, checks));
  if (!verified.value("sound", false)) {
    return admin::ToStatus(
        {.code = Code::kIndexDiffers,
         .what = "the exchange does not agree with its ledger",
         .where = where,
         .why = NamesOf(checks.rows, "ok", {"check"}),
         .next = "keep a copy of the directory; an index that is removed (DIR/index) is rebuilt from the ledger"});
  }
  return Answers{std::move(books.rows), verified.at("heads")};
}

absl::Status Migration::Claim() {
  if (!resumed_) {
    do {
      target_.move = ground_.random.Next();
    } while (target_.move == 0);
  }
  RETURN_IF_ERROR(KeepMoveTarget(ground_.files, directory_, target_));
  ground_.steps.Reached("migrate.noted");
  const absl::Status claimed = node::ClaimForMove(
      *cluster_, ground_.clock, target_.move, absl::StrCat("`datong migrate -d ", directory_, "`, ", ThisProcess()));
  if (absl::IsAlreadyExists(claimed) || absl::IsFailedPrecondition(claimed)) {
    return Taken("the cluster has another exchange of that name", std::string(base::Std(claimed.message())));
  }
  RETURN_IF_ERROR(ExplainCluster(claimed, target_));
  ground_.steps.Reached("migrate.claimed");
  // What a copy that was killed a moment ago had sent comes in before its ends are looked at.
  if (resumed_ && !WaitUnlessStopped(kSettleMs)) return Interrupted();
  return absl::OkStatus();
}

broker::Attributes Migration::Restore(const std::string& topic, broker::Message& message) const {
  const auto restored = [&](const catalog::View* view) -> broker::Attributes {
    const catalog::Resource* resource = view == nullptr ? nullptr : catalog_->FindResource(view->resource_id);
    return resource == nullptr ? broker::Attributes() : pipeline::RestoreForForeignReaders(*resource, message);
  };
  for (const auto& [id, view] : catalog_->views()) {
    if (topic == view.stream_topic()) return restored(&view);
  }
  for (const auto& [id, subscription] : catalog_->subscriptions()) {
    if (topic == pipeline::AgainTopic(id)) return restored(catalog_->FindView(subscription.view_id));
  }
  return {};
}

absl::Status Migration::CarryOver(TopicCopy& copy) {
  const absl::Status carried = copy.CarryOver(topics_, Counted("carrying over"));
  if (absl::IsAlreadyExists(carried)) {
    return Taken("the cluster has another topic of that name", std::string(base::Std(carried.message())));
  }
  if (absl::IsCancelled(carried)) return Interrupted();
  RETURN_IF_ERROR(ExplainCluster(carried, target_));
  return ExplainCluster(CarryPositions(), target_);
}

// What Kafka's own tools show of groups; the exchange itself reads its places from ledger and receipts.
absl::Status Migration::CarryPositions() {
  RETURN_IF_ERROR(Uncounted("carrying over positions"));
  std::map<std::string, std::vector<broker::TopicPartition>> groups;
  for (const auto& [id, resource] : catalog_->resources()) {
    for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
      groups[pipeline::LaneGroup(catalog::LaneOf(resource, partition, lanes_))].push_back(
          {resource.publish_topic(), partition});
    }
  }
  for (const auto& [id, subscription] : catalog_->subscriptions()) {
    auto& places = groups[node::SubscriptionWriter(id)];
    places.push_back({pipeline::AgainTopic(id), 0});
    const catalog::View* view = catalog_->FindView(subscription.view_id);
    if (view != nullptr) places.push_back({view->stream_topic(), 0});
  }
  broker::Broker& from = holder_->KeepOnlyEngine();
  ASSIGN_OR_RETURN(const auto writer, cluster_->OpenWriter(kWriter));
  for (auto group = groups.begin(); group != groups.end();) {
    ASSIGN_OR_RETURN(const auto transaction, writer->Begin());
    for (size_t some = 0; some < kGroupsPerCommit && group != groups.end(); ++some, ++group) {
      for (const broker::TopicPartition& place : group->second) {
        const auto next = from.CommittedPosition(group->first, place);
        if (absl::IsNotFound(next.status())) continue;  // of something retired
        RETURN_IF_ERROR(next.status());
        if (next->has_value()) transaction->AdvancePosition(group->first, place, **next);
      }
    }
    RETURN_IF_ERROR(transaction->Commit());
  }
  ground_.steps.Reached("migrate.carried");
  return absl::OkStatus();
}

absl::Status Migration::CheckTarget(TopicCopy& copy) {
  const absl::Status same = copy.Compare(topics_, Counted("comparing"));
  if (absl::IsCancelled(same)) return Interrupted();
  RETURN_IF_ERROR(ExplainCluster(same, target_));
  RETURN_IF_ERROR(Uncounted("checking books and ledger on Kafka"));
  const auto scheduler = base::NewThreadScheduler(ground_.clock);
  auto exchange = node::Exchange::Open(ExchangeOptionsOf(ground_, directory_, *cluster_, *scheduler), nullptr);
  RETURN_IF_ERROR(ExplainCluster(exchange.status(), target_));
  const auto after = Ask(**exchange, absl::StrCat(target_.bootstrap_servers, ", exchange ", target_.exchange));
  RETURN_IF_ERROR(ExplainCluster(after.status(), target_));
  if (after->books == before_.books && after->heads == before_.heads) return absl::OkStatus();
  return admin::ToStatus({.code = Code::kCopyDiffers,
                          .what = absl::StrCat("the exchange on Kafka has other ",
                                               after->heads == before_.heads ? "books" : "heads of its ledger",
                                               " than the one in the directory"),
                          .where = directory_,
                          .next = "the exchange works here as before; to carry it over anew, delete what is in the "
                                  "cluster under its name, and migration.json"});
}

absl::Status Migration::TakeLastSteps() {
  RETURN_IF_ERROR(Uncounted("turning round"));
  for (const std::string& topic : topics_) RETURN_IF_ERROR(ExplainCluster(writing_->Seal(topic), target_));
  ASSIGN_OR_RETURN(const auto lock, LockForKafka(ground_, directory_));
  ground_.steps.Reached("migrate.compared");
  RETURN_IF_ERROR(TurnRound(ground_.files, directory_));
  ground_.steps.Reached("migrate.turned_round");
  holder_.reset();
  RETURN_IF_ERROR(SetFormerLogAside(ground_.files, directory_));
  ground_.steps.Reached("migrate.set_aside");
  return ExplainCluster(node::FinishMove(*cluster_, ground_.clock, target_.move).status(), target_);
}

}  // namespace datong::cli
