// SPDX-License-Identifier: Apache-2.0
#include "cli/exchange_holder.h"

#include "exchange_core/base/status_macros.h"

namespace datong::cli {
absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory) {
  return ground.files.Exists(directory + "/log");
}

absl::StatusOr<std::unique_ptr<ExchangeHolder>> ExchangeHolder::Open(const Ground& ground, const HolderOptions& options,
                                                                     std::vector<std::string>* warnings) {
  std::unique_ptr<ExchangeHolder> holder(new ExchangeHolder(ground));
  embedded::EmbeddedOptions engine;
  engine.directory = options.directory + "/log";
  engine.files = &ground.files;
  engine.clock = &ground.clock;
  engine.steps = &ground.steps;
  engine.durability = options.durability;
  engine.segment_bytes_max = ground.limits.segment_bytes_max;
  engine.inline_bytes_max = ground.limits.inline_bytes_max;
  engine.memtable_bytes = ground.limits.memtable_bytes;
  engine.background = ground.background;
  ASSIGN_OR_RETURN(holder->broker_, embedded::OpenEmbeddedBroker(engine));

  if (ground.scheduler == nullptr) holder->own_scheduler_ = base::NewThreadScheduler(ground.clock);
  holder->scheduler_ = ground.scheduler != nullptr ? ground.scheduler : holder->own_scheduler_.get();
  node::ExchangeOptions exchange;
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

ExchangeHolder::~ExchangeHolder() {
  if (exchange_ != nullptr) exchange_->Stop().IgnoreError();
  if (scheduler_ != nullptr) scheduler_->StopAll();
  exchange_.reset();
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
