// SPDX-License-Identifier: Apache-2.0
#include "cli/exchange_holder.h"

#include <absl/strings/numbers.h>

#include <cstdlib>

#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

// Crash tests make small what an exchange has large, so that seconds meet what years do (docs/testing.md).
template <typename Number>
void TakeTestLimit(const char* name, Number scale, Number& value) {
  const char* text = std::getenv(name);
  if (Number number = 0; text != nullptr && absl::SimpleAtoi(text, &number)) value = number * scale;
}

}  // namespace

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
  TakeTestLimit<uint64_t>("DATONG_SEGMENT_BYTES", 1, engine.segment_bytes_max);
  ASSIGN_OR_RETURN(holder->broker_, embedded::OpenEmbeddedBroker(engine));

  holder->scheduler_ = base::NewThreadScheduler(ground.clock);
  node::ExchangeOptions exchange;
  exchange.directory = options.directory + "/index";
  exchange.files = &ground.files;
  exchange.clock = &ground.clock;
  exchange.random = &ground.random;
  exchange.steps = &ground.steps;
  exchange.scheduler = holder->scheduler_.get();
  exchange.broker = holder->broker_.get();
  exchange.lanes = options.lanes;
  TakeTestLimit<uint64_t>("DATONG_CHECKPOINT_RECORDS", 1, exchange.checkpoint_records);
  TakeTestLimit<base::TimeUs>("DATONG_HISTORY_SECONDS", 1'000'000, exchange.history_us);
  TakeTestLimit<base::TimeUs>("DATONG_HOUSEKEEPING_SECONDS", 1'000'000, exchange.housekeeping_us);
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
