// SPDX-License-Identifier: Apache-2.0
#include "cli/exchange_holder.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <unistd.h>

#include <utility>

#include "broker_adapters/kafka/kafka_broker.h"
#include "cli/kafka_engine.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/exchange_format.h"
#include "exchange_core/node/move_claim.h"

namespace datong::cli {
namespace {

std::string EmbeddedLock(const std::string& directory) { return EmbeddedLogPath(directory) + "/LOCK"; }
std::string KafkaLock(const std::string& directory) { return directory + "/LOCK"; }

absl::Status ExplainMove(const absl::Status& status, const EngineChoice& choice) {
  if (!node::IsBeingMoved(status)) return ExplainCluster(status, choice);
  return admin::ToStatus({.code = admin::Code::kMoveUnfinished,
                          .what = absl::StrCat("exchange \"", choice.exchange, "\" is not complete yet"),
                          .where = choice.bootstrap_servers,
                          .why = std::string(base::Std(status.message())),
                          .next = "give `datong migrate` there again until it is done; so long the exchange works "
                                  "there as before"});
}

absl::Status ExplainHeld(const absl::Status& status, const EngineChoice& choice) {
  return admin::ToStatus({.code = admin::Code::kHeldElsewhere,
                          .what = absl::StrCat("another process works on exchange \"", choice.exchange, "\""),
                          .where = choice.bootstrap_servers,
                          .why = std::string(base::Std(status.message())),
                          .next = "give this command there, or stop that process"});
}

// Of joining those at work, or of staying with them.
absl::Status ExplainMembership(const absl::Status& status, const EngineChoice& choice) {
  if (!absl::IsUnimplemented(status)) return ExplainCluster(status, choice);
  return admin::ToStatus(
      {.code = admin::Code::kOtherVersion,
       .what = absl::StrCat("a newer release of datong has taken over exchange \"", choice.exchange, "\""),
       .where = choice.bootstrap_servers,
       .why = std::string(base::Std(status.message())),
       .next = "install that release here as well"});
}

}  // namespace

absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory) {
  ASSIGN_OR_RETURN(const bool embedded, ground.files.Exists(EmbeddedLogPath(directory)));
  if (embedded) return true;
  return ground.files.Exists(EngineChoicePath(directory));
}

bool IsHeld(const Ground& ground, const std::string& directory) {
  // Not asked for where there is none: the question would make it.
  const auto held = [&](const std::string& lock) {
    return ground.files.Exists(lock).value_or(false) && absl::IsFailedPrecondition(ground.files.Lock(lock).status());
  };
  return held(KafkaLock(directory)) || held(EmbeddedLock(directory));
}

std::string ThisProcess() {
  char host[256] = "this machine";
  gethostname(host, sizeof host - 1);
  return absl::StrCat("process ", getpid(), " on ", host);
}

absl::StatusOr<std::unique_ptr<base::FileLock>> LockForKafka(const Ground& ground, const std::string& directory) {
  return ground.files.Lock(KafkaLock(directory));
}

node::ExchangeOptions ExchangeOptionsOf(const Ground& ground, const std::string& directory, broker::Broker& broker,
                                        base::Scheduler& scheduler) {
  node::ExchangeOptions exchange;
  exchange.directory = directory + "/index";
  exchange.files = &ground.files;
  exchange.clock = &ground.clock;
  exchange.random = &ground.random;
  exchange.steps = &ground.steps;
  exchange.scheduler = &scheduler;
  exchange.broker = &broker;
  exchange.checkpoint_records = ground.limits.checkpoint_records;
  exchange.history_us = ground.limits.history_us;
  exchange.housekeeping_us = ground.limits.housekeeping_us;
  return exchange;
}

absl::StatusOr<std::unique_ptr<ExchangeHolder>> ExchangeHolder::Open(const Ground& ground, const HolderOptions& options,
                                                                     std::vector<std::string>* warnings) {
  std::unique_ptr<ExchangeHolder> holder(new ExchangeHolder(ground));
  ASSIGN_OR_RETURN(const EngineChoice choice, ChooseEngine(ground.files, options.directory, options.engine));
  RETURN_IF_ERROR(choice.kafka ? holder->OpenKafka(options, choice) : holder->OpenEmbedded(options));

  holder->row_memory_directory_ = options.directory + "/row-memory";
  node::ExchangeOptions exchange = ExchangeOptionsOf(ground, options.directory, *holder->broker_, *holder->scheduler_);
  exchange.lanes = options.lanes;
  if (node::Membership* const membership = holder->membership_.get(); membership != nullptr) {
    exchange.confirm_holder = [membership] { return membership->Confirm(); };
    exchange.works_on = [membership](uint32_t lane) { return membership->WorksOn(lane); };
    exchange.leads = [membership] { return membership->leads(); };
    exchange.answers_departments = true;
    exchange.may_take_over = [membership] { return membership->may_take_over(); };
    if (!choice.checkpoints.empty()) exchange.checkpoint_directory = choice.checkpoints + "/" + choice.exchange;
    exchange.checkpoints_shared = !choice.checkpoints.empty();
  }
  auto opened = node::Exchange::Open(exchange, warnings);
  RETURN_IF_ERROR(choice.kafka ? ExplainCluster(opened.status(), choice) : opened.status());
  holder->exchange_ = *std::move(opened);
  if (holder->membership_ != nullptr) RETURN_IF_ERROR(ExplainCluster(holder->TakeShare(), choice));
  return holder;
}

absl::Status ExchangeHolder::OpenEmbedded(const HolderOptions& options) {
  embedded::EmbeddedOptions engine;
  engine.directory = EmbeddedLogPath(options.directory);
  engine.files = &ground_.files;
  engine.clock = &ground_.clock;
  engine.steps = &ground_.steps;
  engine.durability = options.durability;
  engine.segment_bytes_max = ground_.limits.segment_bytes_max;
  engine.inline_bytes_max = ground_.limits.inline_bytes_max;
  engine.memtable_bytes = ground_.limits.memtable_bytes;
  engine.background = ground_.background;
  ASSIGN_OR_RETURN(broker_, embedded::OpenEmbeddedBroker(engine));
  TakeScheduler();
  return absl::OkStatus();
}

void ExchangeHolder::TakeScheduler() {
  if (ground_.scheduler == nullptr) own_scheduler_ = base::NewThreadScheduler(ground_.clock);
  scheduler_ = ground_.scheduler != nullptr ? ground_.scheduler : own_scheduler_.get();
}

absl::Status ExchangeHolder::OpenKafka(const HolderOptions& options, const EngineChoice& choice) {
  if (options.durability != embedded::Durability::kSync) {
    return admin::ToStatus({.code = admin::Code::kWrongArguments,
                            .what = "--durability is for the embedded engine",
                            .next = "leave it out: what Kafka acknowledges is on min.insync.replicas brokers"});
  }
  RETURN_IF_ERROR(ground_.files.MakeDirectories(options.directory));
  ASSIGN_OR_RETURN(lock_, LockForKafka(ground_, options.directory));
  // A move that was cut off between its last step and this one.
  if (choice.move != 0) RETURN_IF_ERROR(SetFormerLogAside(ground_.files, options.directory));
  ASSIGN_OR_RETURN(const kafka::KafkaOptions engine, KafkaOptionsOf(ground_, choice));
  auto broker = kafka::OpenKafkaBroker(engine);
  RETURN_IF_ERROR(ExplainCluster(broker.status(), choice));
  broker_ = *std::move(broker);
  RETURN_IF_ERROR(ExplainMove(node::EnterAfterMove(*broker_, ground_.clock, choice.move), choice));
  RETURN_IF_ERROR(KeepEngineChoice(ground_.files, options.directory, choice));

  node::Membership::Options member;
  member.broker = broker_.get();
  member.clock = &ground_.clock;
  member.process = ThisProcess();
  member.instance = ground_.random.Next() | 1;
  member.format = node::kExchangeFormat;
  if (options.engine.lease_seconds != 0) {
    member.lease_us = static_cast<base::TimeUs>(options.engine.lease_seconds * 1'000'000);
  }
  bool held = false;
  const auto wait = [&](const std::string& process, bool alive) {
    held = !options.wait(process, alive);
    return !held;
  };
  auto joined = options.shares ? node::Membership::Join(member, wait) : node::Membership::JoinAlone(member, wait);
  RETURN_IF_ERROR(held ? ExplainHeld(joined.status(), choice) : ExplainMembership(joined.status(), choice));
  membership_ = *std::move(joined);
  choice_ = choice;
  TakeScheduler();
  scheduler_->Add(*membership_);
  return absl::OkStatus();
}

// What may be led at once is: a command that is alone begins with it.
absl::Status ExchangeHolder::TakeShare() {
  membership_->SetLanes(exchange_->lanes());
  if (const uint64_t lead = membership_->lead_to_take(); lead != 0) {
    RETURN_IF_ERROR(exchange_->TakeLead());
    membership_->LeadFrom(lead);
  }
  companion_ = std::make_unique<node::Companion>(*membership_, *exchange_, ground_.clock);
  scheduler_->Add(*companion_);
  return absl::OkStatus();
}

std::string ExchangeHolder::Share() {
  if (membership_ == nullptr) return "";
  const std::vector<uint32_t> lanes = exchange_->working_lanes();
  std::string share = lanes.empty() ? "follows all lanes" : absl::StrCat("works on lane ", absl::StrJoin(lanes, ", "));
  if (membership_->leads()) return share + "; leads";
  const std::string leader = membership_->leader();
  return share + (leader.empty() ? "; nobody leads" : absl::StrCat("; ", leader, " leads"));
}

ExchangeHolder::~ExchangeHolder() {
  if (companion_ != nullptr) scheduler_->Remove(*companion_);
  if (exchange_ != nullptr) exchange_->Stop().IgnoreError();
  if (membership_ != nullptr) {
    scheduler_->Remove(*membership_);
    membership_->Leave();
  }
  if (scheduler_ != nullptr) scheduler_->StopAll();
  exchange_.reset();
}

broker::Broker& ExchangeHolder::KeepOnlyEngine() {
  exchange_.reset();
  return *broker_;
}

absl::Status ExchangeHolder::Health() {
  if (membership_ != nullptr) RETURN_IF_ERROR(ExplainMembership(membership_->health(), choice_));
  return exchange_->Health();
}

void ExchangeHolder::Start() {
  exchange_->Start();
  running_ = true;
}

absl::Status ExchangeHolder::Stop() {
  running_ = false;
  return exchange_->Stop();
}

}  // namespace datong::cli
