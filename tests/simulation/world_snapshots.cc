// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <utility>
#include <vector>

#include "exchange_core/base/digest.h"
#include "tests/simulation/full_dumps.h"
#include "tests/simulation/world.h"

namespace datong::simulation {

std::string World::PlaceFullDump(const ResourcePlan& resource, Dump dump, std::string content) {
  dump.name = absl::StrFormat("f%06d.csv", ++names_);
  dump.identity = base::ToHex(base::Sha256(content));
  disk_.Place(absl::StrCat("/full/", resource.name, "/", dump.name), std::move(content));
  const Dump& kept = departments_.Add(std::move(dump));
  return absl::StrCat(resource.name, "/", kept.name, ", all ", kept.rows.size(), " rows");
}

std::string World::FullDumpFile() {
  std::vector<const ResourcePlan*> those;
  for (const auto& [name, plan] : departments_.resources) {
    if (plan.has_full) those.push_back(&plan);
  }
  if (those.empty()) return "no register is handed over as a whole";
  const ResourcePlan& resource = *those[random_.Below(those.size())];
  FullDump drawn = DrawFullDump(resource, registers_[resource.name], random_);
  return PlaceFullDump(resource, std::move(drawn.dump), std::move(drawn.content)) + drawn.what;
}

// Mostly one that is held; now and then any, which is refused.
std::string World::DecideSnapshot() {
  if (!Start()) return "nothing is decided: the exchange does not run";
  node::Exchange& exchange = holder_->exchange();
  std::vector<uint64_t> held, all;
  for (const node::SnapshotBooks& books : exchange.snapshots()) {
    all.push_back(books.snapshot);
    if (books.state == node::SnapshotBooks::State::kHeld) held.push_back(books.snapshot);
  }
  const std::vector<uint64_t>& those = held.empty() || random_.Below(10) == 0 ? all : held;
  if (those.empty()) return "there is no snapshot";
  const uint64_t snapshot = those[random_.Below(those.size())];
  const bool confirms = random_.Below(3) != 0;
  const absl::Status decided = confirms ? exchange.ConfirmSnapshot(snapshot, "steward", "simulation")
                                        : exchange.RejectSnapshot(snapshot, "steward", "simulation");
  return absl::StrCat("snapshot ", snapshot, confirms ? " confirmed" : " rejected",
                      decided.ok() ? "" : absl::StrCat(", refused: ", decided.message()));
}

}  // namespace datong::simulation
