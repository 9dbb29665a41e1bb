// SPDX-License-Identifier: Apache-2.0
#include "cli/exchange_holder.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <utility>

#include "broker_adapters/kafka/kafka_broker.h"
#include "cli/kafka_engine.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

// Lanes and the lease open their writers again within a second.
constexpr base::TimeUs kLostPatienceUs = 4'000'000;

std::string EmbeddedLock(const std::string& directory) { return directory + "/log/LOCK"; }
std::string KafkaLock(const std::string& directory) { return directory + "/LOCK"; }

std::string ThisProcess() {
  char host[256] = "this machine";
  gethostname(host, sizeof host - 1);
  return absl::StrCat("process ", getpid(), " on ", host);
}

absl::Status ExplainHeld(const absl::Status& status, const EngineChoice& choice) {
  return admin::ToStatus({.code = admin::Code::kHeldElsewhere,
                          .what = absl::StrCat("another process works on exchange \"", choice.exchange, "\""),
                          .where = choice.bootstrap_servers,
                          .why = std::string(base::Std(status.message())),
                          .next = "give this command there, or stop that process"});
}

}  // namespace

absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory) {
  ASSIGN_OR_RETURN(const bool embedded, ground.files.Exists(directory + "/log"));
  if (embedded) return true;
  return ground.files.Exists(EngineChoicePath(directory));
}

bool IsHeld(const Ground& ground, const std::string& directory) {
  const bool kafka = ground.files.Exists(KafkaLock(directory)).value_or(false);
  const std::string lock = kafka ? KafkaLock(directory) : EmbeddedLock(directory);
  return absl::IsFailedPrecondition(ground.files.Lock(lock).status());
}

absl::StatusOr<std::unique_ptr<ExchangeHolder>> ExchangeHolder::Open(const Ground& ground, const HolderOptions& options,
                                                                     std::vector<std::string>* warnings) {
  std::unique_ptr<ExchangeHolder> holder(new ExchangeHolder(ground));
  ASSIGN_OR_RETURN(const EngineChoice choice, ChooseEngine(ground.files, options.directory, options.engine));
  RETURN_IF_ERROR(choice.kafka ? holder->OpenKafka(options, choice) : holder->OpenEmbedded(options));

  node::ExchangeOptions exchange;
  holder->row_memory_directory_ = options.directory + "/row-memory";
  exchange.directory = options.directory + "/index";
  exchange.files = &ground.files;
  exchange.clock = &ground.clock;
  exchange.random = &ground.random;
  exchange.steps = &ground.steps;
  exchange.scheduler = holder->scheduler_;
  exchange.broker = holder->broker_.get();
  exchange.lanes = options.lanes;
  exchange.checkpoint_records = ground.limits.checkpoint_records;
  exchange.history_us = ground.limits.history_us;
  exchange.housekeeping_us = ground.limits.housekeeping_us;
  ASSIGN_OR_RETURN(holder->exchange_, node::Exchange::Open(exchange, warnings));
  return holder;
}

absl::Status ExchangeHolder::OpenEmbedded(const HolderOptions& options) {
  embedded::EmbeddedOptions engine;
  engine.directory = options.directory + "/log";
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
  ASSIGN_OR_RETURN(lock_, ground_.files.Lock(KafkaLock(options.directory)));
  ASSIGN_OR_RETURN(kafka::KafkaOptions engine, KafkaOptionsOf(ground_, choice));
  engine.lost_writers = &lost_writers_;
  auto broker = kafka::OpenKafkaBroker(engine);
  RETURN_IF_ERROR(ExplainCluster(broker.status(), choice));
  broker_ = *std::move(broker);
  RETURN_IF_ERROR(KeepEngineChoice(ground_.files, options.directory, choice));

  node::ExchangeLease::Options lease;
  lease.broker = broker_.get();
  lease.clock = &ground_.clock;
  lease.holder = ThisProcess();
  lease.instance = ground_.random.Next();
  bool held = false;
  auto taken = node::ExchangeLease::Take(lease, [&](const std::string& holder_there, bool alive) {
    held = !options.wait(holder_there, alive);
    return !held;
  });
  RETURN_IF_ERROR(held ? ExplainHeld(taken.status(), choice) : ExplainCluster(taken.status(), choice));
  lease_ = *std::move(taken);
  TakeScheduler();
  scheduler_->Add(*lease_);
  return ExplainCluster(node::FenceEarlierHolder(*broker_), choice);
}

ExchangeHolder::~ExchangeHolder() {
  if (exchange_ != nullptr) exchange_->Stop().IgnoreError();
  if (lease_ != nullptr) {
    scheduler_->Remove(*lease_);
    lease_->Release();
  }
  if (scheduler_ != nullptr) scheduler_->StopAll();
  exchange_.reset();
}

bool ExchangeHolder::ShouldReopen() {
  const base::TimeUs now = ground_.clock.Steady();
  if (lost_writers_.load() == 0) lost_since_ = 0;
  if (lost_writers_.load() == 0) return false;
  if (lost_since_ == 0) lost_since_ = now;
  return now - lost_since_ > kLostPatienceUs && now - lease_->claimed_at() < kLostPatienceUs;
}

absl::Status ExchangeHolder::Health() {
  if (lease_ != nullptr && !lease_->status().ok()) {
    return admin::ToStatus({.code = admin::Code::kHeldElsewhere,
                            .what = std::string(base::Std(lease_->status().message())),
                            .next = "start this process again: it will stand by"});
  }
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
