// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

extern "C" const char __executable_start;  // by the linker

namespace datong::simulation {
namespace {

constexpr base::TimeUs kSecond = 1'000'000;
constexpr char kDirectory[] = "/exchange";

// One mixing step of a 64-bit hash over what happens.
void Mix(uint64_t& trace, uint64_t value) { trace = base::SeededRandom(trace ^ value).Next(); }
void Mix(uint64_t& trace, std::string_view text) {
  for (const char c : text) trace = (trace ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  Mix(trace, text.size());
}

// The row store puts clock, host and unique numbers into these: their sizes and bytes are its own affair.
bool VariesByItself(std::string_view path) {
  return path.find("/rows/") != std::string_view::npos && path.substr(path.size() - 4) != ".log";
}

std::string_view NameOf(SimulatedDisk::Operation::Kind kind) {
  constexpr std::string_view kNames[] = {"append",           "sync",           "truncate", "rename", "remove",
                                         "make directories", "sync directory", "create"};
  return kNames[static_cast<size_t>(kind)];
}

std::string WithoutNumbers(std::string_view path) {
  std::string kind;
  for (const char c : path) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !kind.empty() && kind.back() == 'N') continue;
    kind += digit ? 'N' : c;
  }
  return kind;
}

}  // namespace

World::World(uint64_t seed) : random_(seed), disk_(random_), scheduler_(clock_) {
  limits_.segment_bytes_max = 400 + random_.Below(random_.Below(2) == 0 ? 3'000 : 30'000);
  limits_.memtable_bytes = size_t{64} << (10 + random_.Below(3) - 1);
  limits_.checkpoint_records = 20 + random_.Below(400);
  limits_.history_us = static_cast<base::TimeUs>(random_.Below(3)) * 40 * kSecond;
  limits_.housekeeping_us = static_cast<base::TimeUs>(1 + random_.Below(20)) * kSecond;
  limits_.rows_per_read_max = 1 + random_.Below(12);
  limits_.rows_per_publish_max = 1 + random_.Below(30);
  limits_.records_per_write_max = 1 + random_.Below(60);
  // Small batches would all stand in rows, and no segment would ever be written.
  limits_.inline_bytes_max = random_.Below(5) == 0 ? limits_.inline_bytes_max : random_.Below(900);
  // Log time never goes back: behind a jump of an hour it stands still, and a world that only knew such jumps would
  // never see a window pass bit by bit.
  clock_jump_max_ = (random_.Below(2) == 0 ? 3600 : 3) * kSecond;
  disk_.SetOnOperation([this](const SimulatedDisk::Operation& operation) { OnDiskOperation(operation); });
  disk_.SetLostSyncs([this](const SimulatedDisk::Operation& operation) {
    using Kind = SimulatedDisk::Operation::Kind;
    if (operation.kind != Kind::kSync && operation.kind != Kind::kSyncDirectory) return false;
    const SyncSite site{static_cast<uint64_t>(static_cast<const char*>(operation.caller) - &__executable_start),
                        WithoutNumbers(operation.path)};
    ++syncs_[site];
    return lost_sync_ == site;
  });
  // Retention may drop what nobody has written down yet.
  scheduler_.SetBeforeStep([this](base::Worker& worker) {
    if (worker.Name() == "housekeeper") witness_.Look(holder_->exchange().broker());
  });
}

World::~World() {
  if (Running()) Die(false);
}

void World::OnDiskOperation(const SimulatedDisk::Operation& operation) {
  Mix(report_.trace, static_cast<uint64_t>(operation.kind));
  Mix(report_.trace, operation.path);
  if (!VariesByItself(operation.path)) Mix(report_.trace, operation.bytes);
  if (tell_disk_) tell_disk_(NameOf(operation.kind), operation.path, operation.bytes);
  if (slow_) clock_.Pass(static_cast<base::TimeUs>(random_.Below(20'000)));
  if (strike_in_ != 0 && --strike_in_ == 0) Strike(strike_cuts_);
}

// --- life and death of the process

bool World::Start() {
  if (Running()) return true;
  // Beginnings and recoveries are short and their order matters: they are struck more often than chance would.
  if (rough_ && !mending_ && strike_in_ == 0 && random_.Below(report_.cuts == 0 ? 2 : 4) == 0) {
    strike_in_ = 1 + random_.Below(100);
    strike_cuts_ = random_.Below(4) != 0;
  }
  cli::Ground ground{.files = disk_,
                     .clock = clock_,
                     .random = random_,
                     .steps = steps_,
                     .limits = limits_,
                     .scheduler = &scheduler_,
                     .background = &scheduler_};
  std::vector<std::string> warnings;
  auto opened = cli::ExchangeHolder::Open(ground, {.directory = kDirectory, .lanes = 2}, &warnings);
  // No end that a sound disk lives through leaves anything damaged behind, not even what can be made anew.
  for (const std::string& warning : warnings) {
    said_.push_back("warning: " + warning);
    if (opened.ok() && disk_.answering()) Complain("finds nothing damaged", warning);
  }
  if (!opened.ok()) {
    if (!disk_.answering()) {
      BuryTheDead();
    } else if (!absl::IsResourceExhausted(opened.status()) || !disk_was_full_) {
      Complain("opens after every end", std::string(opened.status().message()));
    }
    return false;
  }
  holder_ = *std::move(opened);
  witness_.Compare(holder_->exchange().broker(), false);
  witness_.Look(holder_->exchange().broker());
  holder_->Start();
  host_ = std::make_unique<cli::ConnectorHost>(
      *holder_, [](const catalog::Connector&) { return true; },
      [this](const std::string& line) { said_.push_back(line); });
  host_->Start();
  disk_was_full_ = disk_limited_;
  TakeCatalog();
  BuryTheDead();
  return Running();
}

void World::StopInOrder() {
  if (!Running()) return;
  host_->StopAll();
  for (const auto& runner : system_runners_) scheduler_.Remove(*runner);
  system_runners_.clear();
  system_running_.clear();
  host_.reset();
  holder_->Stop().IgnoreError();
  rough_ = false;
  if (disk_.answering()) witness_.Look(holder_->exchange().broker());
  holder_.reset();
  BuryTheDead();
}

void World::Strike(bool cut) {
  disk_.StopAnswering();
  strike_ = cut;
}

void World::Die(bool cut) {
  Strike(cut);
  BuryTheDead();
}

void World::BuryTheDead() {
  if (!strike_) return;
  const bool cut = *std::exchange(strike_, std::nullopt);
  rough_ = true;
  if (host_ != nullptr) host_->StopAll();
  scheduler_.StopAll();
  system_runners_.clear();
  system_running_.clear();
  host_.reset();
  holder_.reset();
  strike_in_ = 0;
  steps_.Disarm();
  if (cut) {
    ++report_.cuts;
    for (std::string& line : disk_.CutPower()) said_.push_back("lost: " + std::move(line));
  } else {
    ++report_.kills;
    disk_.KillProcess();
  }
}

void World::Watch() {
  if (!Running() || disk_was_full_) return;
  if (const absl::Status health = holder_->exchange().Health(); !health.ok()) {
    Complain("lanes go on", std::string(health.message()));
  }
}

void World::Turns(uint64_t steps, base::TimeUs time_max) {
  const base::TimeUs until = clock_.lived() + time_max;
  while (steps > 0 && Running()) {
    if (scheduler_.StepOne(random_)) {
      --steps;
    } else {
      const base::TimeUs left = until - clock_.lived();
      if (left <= 0) break;
      const base::TimeUs wake = scheduler_.next_wake();
      clock_.Pass(wake == 0 ? left : std::min(left, std::max<base::TimeUs>(1, wake - clock_.Steady())));
    }
    if (strike_) BuryTheDead();
  }
  if (Running()) witness_.Look(holder_->exchange().broker());
  Watch();
}

// Everything that can arrive has arrived when nothing is written for a long while.
bool World::Settle() {
  constexpr uint64_t kStepsMax = 60'000;
  constexpr base::TimeUs kQuiet = 45 * kSecond;
  uint64_t trace = 0;
  base::TimeUs quiet_since = clock_.lived();
  for (const uint64_t stop = scheduler_.steps() + kStepsMax; scheduler_.steps() < stop;) {
    Turns(100, kSecond);
    if (!Running()) return false;
    if (std::exchange(trace, report_.trace) != report_.trace) quiet_since = clock_.lived();
    if (clock_.lived() - quiet_since > kQuiet) return true;
  }
  Complain("comes to rest", "the exchange still works after 60,000 steps in which nothing new was asked of it");
  return false;
}

// --- judging

void World::Complain(const std::string& judge, const std::string& sentence) {
  report_.complaints.push_back(absl::StrCat(judge, ": ", sentence));
}

void World::JudgeAll(bool settled) {
  if (!Running()) return;
  node::Exchange& exchange = holder_->exchange();
  witness_.Look(exchange.broker());
  if (settled) witness_.Compare(exchange.broker(), true);
  const NaiveExchange naive(departments_, witness_, *exchange.catalog(), exchange.runs());
  std::map<std::string, Received> received;
  for (const auto& [name, subscription] : departments_.subscriptions) {
    received[name] = ReadReceived(disk_, subscription);
    if (settled) Mix(report_.trace, received[name].raw);
  }
  const Evidence evidence{departments_, witness_, naive, received, exchange, catalog_version_, settled};
  for (const Judge& judge : AllJudges()) {
    const Judgement judgement = judge.look(evidence);
    if (!disk_.answering()) return;  // a strike that was waiting came while the judge read: it saw a dying machine
    report_.looked_at[std::string(judge.name)] += judgement.looked_at;
    for (const std::string& sentence : judgement.complaints) Complain(std::string(judge.name), sentence);
  }
  report_.records = naive.judged();
}

void World::Finish(uint64_t seed) {
  random_ = base::SeededRandom(seed ^ 0xf1'0a1);
  mending_ = true;
  disk_.SetCapacity(0);
  disk_limited_ = false;
  slow_ = false;
  steps_.Disarm();
  strike_in_ = 0;
  if (disk_was_full_) StopInOrder();
  if (failed()) return;
  if (!Start()) {
    if (!failed()) Complain("opens after every end", "the exchange does not start on a sound disk");
    return;
  }
  // A world to which nobody has given a row until now would prove nothing.
  const auto has_rows = [](const Dump& dump) { return !dump.rows.empty(); };
  for (int tries = 0; tries < 100 && std::none_of(departments_.dumps.begin(), departments_.dumps.end(), has_rows);
       ++tries) {
    if (departments_.resources.empty()) {
      proposed_.resources.clear();  // none of them came true
      AddResource();
    }
    File();
  }
  if (!Settle()) return;
  if (!holder_->exchange().caught_up()) {
    Complain("comes to rest",
             "nothing moves any more, but not everything has arrived; the process said last: " +
                 absl::StrJoin(said_.end() - std::min<ptrdiff_t>(6, said_.size()), said_.end(), " | "));
  }
  JudgeAll(true);
}

WorldReport World::Report() {
  report_.lived_us = clock_.lived();
  report_.reached = steps_.reached();
  report_.struck = steps_.struck();
  return report_;
}

}  // namespace datong::simulation
