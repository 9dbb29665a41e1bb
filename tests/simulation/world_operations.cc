// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "exchange_core/base/digest.h"
#include "tests/simulation/full_dumps.h"
#include "tests/simulation/world.h"

namespace datong::simulation {
namespace {

constexpr base::TimeUs kSecond = 1'000'000;

std::string IdentityOf(const std::vector<Row>& rows) {
  std::string all;
  for (const Row& row : rows) {
    for (const auto& [item, value] : row.values) absl::StrAppend(&all, item, "=", value, "\x1f");
    absl::StrAppend(&all, row.is_delete ? "-" : "+", "\x1e");
  }
  return base::ToHex(base::Sha256(all));
}

}  // namespace

std::string World::Do(const Operation& operation) {
  random_ = base::SeededRandom(operation.seed);
  said_.clear();
  std::string did;
  switch (operation.kind) {
    case OperationKind::kWork: {
      if (!Start()) break;
      const uint64_t before = scheduler_.steps();
      Turns(1 + random_.Below(60), 2 * kSecond);
      did = absl::StrCat(scheduler_.steps() - before, " turns");
      break;
    }
    case OperationKind::kWait: {
      if (!Start()) break;
      const base::TimeUs time = static_cast<base::TimeUs>(random_.Below(60)) * kSecond;
      // What is kept for hours has to grow old, and worlds live for minutes.
      const base::TimeUs slept =
          random_.Below(12) == 0 ? static_cast<base::TimeUs>(random_.Below(3 * 3600)) * kSecond : 0;
      clock_.Pass(slept);
      Turns(400, time);
      did = absl::StrCat(time / kSecond, " s",
                         slept == 0 ? "" : absl::StrCat(", after a sleep of ", slept / kSecond, " s"));
      break;
    }
    case OperationKind::kFile:
      did = File();
      break;
    case OperationKind::kSystemUnit:
      did = SystemUnit();
      break;
    case OperationKind::kFullDump:
      did = FullDumpFile();
      break;
    case OperationKind::kDecideSnapshot:
      did = DecideSnapshot();
      break;
    case OperationKind::kAgain:
      did = Again();
      break;
    case OperationKind::kAddResource:
      did = AddResource();
      break;
    case OperationKind::kAddSubscription:
      did = AddSubscription();
      break;
    case OperationKind::kEndSubscription:
      did = EndSubscription();
      break;
    case OperationKind::kSuspendOrResume:
      did = SuspendOrResume();
      break;
    case OperationKind::kRevokeGrant:
      did = RevokeGrant();
      break;
    case OperationKind::kClockJump: {
      const base::TimeUs by = static_cast<base::TimeUs>(random_.Below(2 * clock_jump_max_)) - clock_jump_max_;
      clock_.Jump(by);
      did = absl::StrCat("by ", by / 1000, " ms");
      break;
    }
    case OperationKind::kFillDisk:
    case OperationKind::kFreeDisk:
    case OperationKind::kSlowDisk:
      did = DiskTrouble(operation.kind);
      break;
    case OperationKind::kCutNow:
    case OperationKind::kCutAtOperation:
    case OperationKind::kCutAtStep:
    case OperationKind::kKillNow:
    case OperationKind::kKillAtOperation:
    case OperationKind::kKillAtStep:
      did = Death(operation.kind);
      break;
    case OperationKind::kRestart:
      StopInOrder();
      if (random_.Below(3) == 0) {  // switched off, as people do
        Die(true);
        did = "the power goes after it stopped; ";
      }
      did += Start() ? "in order" : "it does not run now";
      break;
    case OperationKind::kDropCheckpoints:
      did = DropCheckpoints();
      break;
    case OperationKind::kJudge:
      JudgeAll(false);
      break;
  }
  if (strike_) BuryTheDead();
  Watch();
  std::string line = absl::StrCat(NameOf(operation.kind) == "" ? "" : std::string(NameOf(operation.kind)), ": ", did);
  for (const std::string& said : said_) absl::StrAppend(&line, "\n      ", said);
  return line;
}

// --- departments

bool World::HasRows() const {
  return std::any_of(departments_.dumps.begin(), departments_.dumps.end(),
                     [](const Dump& dump) { return !dump.rows.empty(); });
}

const ResourcePlan* World::AnyResource(bool with_system) {
  std::vector<const ResourcePlan*> those;
  for (const auto& [name, plan] : departments_.resources) {
    if (plan.has_system || !with_system) those.push_back(&plan);
  }
  return those.empty() ? nullptr : those[random_.Below(those.size())];
}

SubscriptionPlan* World::AnySubscription() {
  std::vector<SubscriptionPlan*> those;
  for (auto& [name, plan] : departments_.subscriptions) {
    if (!plan.ended) those.push_back(&plan);
  }
  return those.empty() ? nullptr : those[random_.Below(those.size())];
}

std::string World::HandOverFile(const ResourcePlan& resource, std::vector<Row> rows) {
  std::string content = FileContent(resource, rows);
  Dump dump;
  dump.resource = resource.name;
  dump.source = resource.name + "-in";
  dump.name = absl::StrFormat("d%06d%s", ++names_, resource.json_lines ? ".jsonl" : ".csv");
  dump.identity = base::ToHex(base::Sha256(content));
  dump.rows = std::move(rows);
  disk_.Place(absl::StrCat("/in/", resource.name, "/", dump.name), std::move(content));
  const Dump& kept = departments_.Add(std::move(dump));
  return absl::StrCat(resource.name, "/", kept.name, ", ", kept.rows.size(), " rows");
}

std::string World::File() {
  const ResourcePlan* resource = AnyResource(false);
  if (resource == nullptr) return "no resource";
  return HandOverFile(*resource, DrawRows(*resource, false, random_.Below(random_.Below(10) == 0 ? 80 : 25), random_));
}

std::string World::SystemUnit() {
  const ResourcePlan* resource = AnyResource(true);
  if (resource == nullptr) return "no system";
  DepartmentSystem& system = *systems_[resource->name];
  Dump dump;
  dump.resource = resource->name;
  dump.source = resource->name + "-system";
  dump.name = absl::StrCat("u", ++names_);
  // Some systems give the same name to whatever they say.
  if (!system.units().empty() && random_.Below(5) == 0) dump.name = system.units().back()->name;
  dump.rows = DrawRows(*resource, resource->entity, random_.Below(20), random_);
  dump.identity = IdentityOf(dump.rows);
  if (departments_.Find(dump.resource, dump.name, dump.identity) != nullptr) return "the same, by chance";
  const Dump& kept = departments_.Add(std::move(dump));
  system.HandOver(kept);
  return absl::StrCat(resource->name, " says ", kept.name, ", ", kept.rows.size(), " rows");
}

std::string World::Again() {
  if (departments_.dumps.empty()) return "nothing was ever handed over";
  const Dump& dump = departments_.dumps[random_.Below(departments_.dumps.size())];
  const ResourcePlan& resource = departments_.resources.at(dump.resource);
  if (dump.full) {
    return absl::StrCat(PlaceFullDump(resource, dump, FullDumpContent(resource, dump)), ", the content of ", dump.name);
  }
  if (dump.source != resource.name + "-in") {
    systems_[resource.name]->HandOver(dump);
    return absl::StrCat(resource.name, " says ", dump.name, " again");
  }
  return absl::StrCat(HandOverFile(resource, dump.rows), ", the content of ", dump.name);
}

// --- the machine

std::string World::DiskTrouble(OperationKind kind) {
  if (kind == OperationKind::kSlowDisk) {
    slow_ = !slow_;
    return slow_ ? "slow" : "fast";
  }
  if (kind == OperationKind::kFillDisk) {
    const uint64_t left = random_.Below(6000);
    disk_.SetCapacity(disk_.BytesUsed() + left);
    disk_limited_ = disk_was_full_ = true;
    return absl::StrCat(left, " bytes left");
  }
  disk_.SetCapacity(0);
  disk_limited_ = false;
  if (disk_was_full_) {  // what could not be written may have stopped it for good: somebody starts it anew
    StopInOrder();
    return Start() ? "space again, restarted" : "space again";
  }
  return "there was space";
}

std::string World::Death(OperationKind kind) {
  const bool cut =
      kind == OperationKind::kCutNow || kind == OperationKind::kCutAtOperation || kind == OperationKind::kCutAtStep;
  if (kind == OperationKind::kCutNow || kind == OperationKind::kKillNow) {
    Die(cut);
    return cut ? "the power goes" : "the process dies";
  }
  if (kind == OperationKind::kCutAtOperation || kind == OperationKind::kKillAtOperation) {
    strike_in_ = 1 + random_.Below(120);
    strike_cuts_ = cut;
    return absl::StrCat("in ", strike_in_, " disk operations");
  }
  if (steps_.reached().empty()) return "no step was ever reached";
  const auto step = std::next(steps_.reached().begin(), static_cast<ptrdiff_t>(random_.Below(steps_.reached().size())));
  const uint64_t nth = 1 + random_.Below(4);
  steps_.Arm(step->first, nth, [this, cut] { Strike(cut); });
  return absl::StrCat("at ", step->first, ", time ", nth);
}

std::string World::DropCheckpoints() {
  StopInOrder();
  size_t removed = 0;
  for (const std::string& path : disk_.FilesBelow("/exchange/index")) removed += disk_.Remove(path).ok() ? 1 : 0;
  // Or a power cut might bring back one without those that it stands on; that is told, and here nothing is to be told.
  disk_.SyncDirectory("/exchange/index/checkpoints").IgnoreError();
  return absl::StrCat(removed, " files");
}

}  // namespace datong::simulation
