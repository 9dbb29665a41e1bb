// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_exchange.h"

#include <absl/strings/str_cat.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "benchmarks/company_records.h"
#include "benchmarks/memory_broker.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/verdict.h"

namespace datong::benchmarks {
namespace {

constexpr uint64_t kNever = uint64_t{1} << 60;

std::string CatalogYaml(Views views) {
  const char* const items[kSubscriptions] = {"all", "[code, name, address, legal_person, status]",
                                             "[code, phone, trade, capital, founded]"};
  std::string yaml = absl::StrCat(
      "departments: [{name: registry}, {name: tax}]\n"
      "key_domains: [{name: company}]\n"
      "resources:\n"
      "  - {name: ",
      kResource, ", provider: registry, key_domain: company, kind: entity, partitions: ", kPartitions,
      ", key: [code],\n     items: ", kCompanyItemsYaml,
      "}\n"
      "grants:\n");
  for (int i = 0; i < kSubscriptions; ++i) {
    absl::StrAppend(&yaml, "  - {name: grant-", i, ", resource: ", kResource,
                    ", department: tax, purpose: benchmark, items: ", views == Views::kOne ? "all" : items[i], "}\n");
  }
  yaml += "subscriptions:\n";
  for (int i = 0; i < kSubscriptions; ++i) {
    absl::StrAppend(&yaml, "  - {name: ", SubscriptionName(i), ", grant: grant-", i, ", start: beginning}\n");
  }
  return yaml;
}

}  // namespace

std::string SubscriptionName(int number) { return absl::StrCat("subscription-", number); }

std::string ViewsInWords(Views views) {
  return views == Views::kOne ? "3 subscriptions of one view (every item)"
                              : "3 subscriptions of 3 views (every item; 5 of 11 items; 5 other items)";
}

absl::StatusOr<std::unique_ptr<BenchExchange>> BenchExchange::Open(const std::string& directory, broker::Broker& broker,
                                                                   base::Scheduler& scheduler, uint32_t lanes,
                                                                   Views views) {
  auto made = std::make_unique<BenchExchange>();
  node::ExchangeOptions options;
  options.directory = directory;
  options.files = &base::PosixFileSystem();
  options.clock = &base::SystemClock();
  options.random = &made->random_;
  options.steps = &base::NoObserver();
  options.scheduler = &scheduler;
  options.broker = &broker;
  options.lanes = lanes;
  options.backlog_records_max = kNever;
  std::vector<std::string> warnings;
  ASSIGN_OR_RETURN(made->exchange_, node::Exchange::Open(options, &warnings));
  ASSIGN_OR_RETURN(const auto planned, made->exchange_->ApplyCatalog(CatalogYaml(views), "benchmark", false));
  if (!planned.findings.empty()) return absl::InternalError(planned.findings.front().message);
  made->exchange_->Start();
  ASSIGN_OR_RETURN(made->source_, made->exchange_->client().OpenPublisher("registry-files", kResource));
  ASSIGN_OR_RETURN(made->run_, made->source_->BeginUnit({.name = "companies.csv", .identity = "made-up"}));
  return made;
}

absl::Status BenchExchange::CheckFits(const PreparedUnit& unit) const {
  if (unit.run.run == run_.run && unit.run.file_sequence == run_.file_sequence &&
      unit.source_id == source_->source_id()) {
    return absl::OkStatus();
  }
  return absl::InternalError("the prepared batches carry numbers of another exchange");
}

absl::Status BenchExchange::CheckBooks(const PreparedUnit& unit) {
  const node::Books books = exchange_->books();
  if (!books.balanced()) return absl::InternalError("the books do not balance");
  const auto& outcomes = books.resources.at(0).outcomes;
  const auto count = [&](ledger::Outcome outcome) { return outcomes[static_cast<size_t>(outcome)]; };
  if (count(ledger::Outcome::kAccepted) != unit.distinct ||
      count(ledger::Outcome::kUnchanged) != unit.records - unit.distinct) {
    return absl::InternalError(absl::StrCat("of ", unit.records, " records ", count(ledger::Outcome::kAccepted),
                                            " were accepted and ", count(ledger::Outcome::kUnchanged),
                                            " found unchanged; ", unit.distinct, " are different ones"));
  }
  for (const auto& subscription : books.subscriptions) {
    if (subscription.delivered != unit.distinct) {
      return absl::InternalError(absl::StrCat(subscription.subscription, " was sent ", subscription.delivered, " of ",
                                              unit.distinct, " records"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<PreparedUnit> PrepareUnitForAll(const std::string& directory, uint64_t records) {
  const ScratchDirectory scratch(directory);
  const auto broker = NewMemoryBroker(base::SystemClock());
  HandScheduler scheduler;
  ASSIGN_OR_RETURN(const auto exchange, BenchExchange::Open(scratch.path(), *broker, scheduler, 1, Views::kOne));
  return PrepareUnit(exchange->resource(), exchange->run(), exchange->source().source_id(), records);
}

ScratchDirectory::ScratchDirectory(const std::string& parent) {
  std::string pattern = (std::filesystem::path(parent) / "datong-bench-XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  DATONG_CHECK(made != nullptr);  // the command has tried the folder before anything was measured
  path_ = made;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace datong::benchmarks
