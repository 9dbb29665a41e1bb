// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulated_names.h"

#include <algorithm>
#include <set>
#include <utility>

#include "exchange_core/base/check.h"

namespace datong::simulation {
namespace {

using NameOfFolder = std::pair<const SimulatedNode*, std::string_view>;  // only looked up: its order is no order

std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

void SetSeen(SimulatedNode& folder, const std::string& name, SimulatedNodePtr node) {
  SimulatedNodePtr& slot = folder.seen[name];
  if (slot != nullptr) slot->named = 0;
  slot = std::move(node);
  slot->named = 1;
}

void TakeSeenName(SimulatedNode& folder, const std::string& name) {
  const auto found = folder.seen.find(name);
  found->second->named = 0;
  folder.seen.erase(found);
}

}  // namespace

SimulatedNames::SimulatedNames() { root_->named = 1; }

SimulatedNames::Spot SimulatedNames::Look(std::string_view path) const {
  Spot spot{nullptr, "", "", root_};
  for (std::string& part : PartsOf(path)) {
    spot.folder = spot.node != nullptr && spot.node->is_folder ? spot.node : nullptr;
    spot.node = nullptr;
    if (!spot.path.empty()) spot.path += '/';
    spot.path += part;
    if (spot.folder != nullptr) {
      const auto found = spot.folder->seen.find(part);
      if (found != spot.folder->seen.end()) spot.node = found->second;
    }
    spot.name = std::move(part);
  }
  return spot;
}

SimulatedNodePtr SimulatedNames::Create(const Spot& spot, bool is_folder) {
  SimulatedNodePtr node = std::make_shared<SimulatedNode>(is_folder);
  SetSeen(*spot.folder, spot.name, node);
  changes_.push_back({node, std::nullopt, Slot{spot.folder, spot.name}});
  return node;
}

void SimulatedNames::Remove(const Spot& spot) {
  TakeSeenName(*spot.folder, spot.name);
  changes_.push_back({spot.node, Slot{spot.folder, spot.name}, std::nullopt});
}

void SimulatedNames::Rename(const Spot& from, const Spot& to) {
  DATONG_CHECK(!from.node->is_folder || from.folder == to.folder);  // else a cut could close a circle of folders
  TakeSeenName(*from.folder, from.name);
  SetSeen(*to.folder, to.name, from.node);
  changes_.push_back({from.node, Slot{from.folder, from.name}, Slot{to.folder, to.name}});
}

void SimulatedNames::SyncFolder(const SimulatedNodePtr& folder) {
  Chosen chosen(changes_.size());
  for (size_t i = 0; i < changes_.size(); ++i) {
    const Change& change = changes_[i];
    chosen[i] = (change.from && change.from->folder == folder) || (change.to && change.to->folder == folder);
  }
  MakeSafe(std::move(chosen));
}

void SimulatedNames::SyncName(const Spot& spot) {
  Chosen chosen(changes_.size());
  const auto is_it = [&](const std::optional<Slot>& slot) {
    return slot && slot->folder == spot.folder && slot->name == spot.name;
  };
  for (size_t i = 0; i < changes_.size(); ++i) chosen[i] = is_it(changes_[i].from) || is_it(changes_[i].to);
  MakeSafe(std::move(chosen));
}

void SimulatedNames::MakeSafe(Chosen chosen) {
  if (std::find(chosen.begin(), chosen.end(), true) == chosen.end()) return;
  std::set<NameOfFolder> touched;
  const auto was_touched = [&](const std::optional<Slot>& slot) {
    return slot && touched.contains({slot->folder.get(), slot->name});
  };
  // Backwards, because a safe name is safe with everything that happened to it before.
  for (size_t i = changes_.size(); i > 0; --i) {
    const Change& change = changes_[i - 1];
    if (!chosen[i - 1] && (was_touched(change.from) || was_touched(change.to))) chosen[i - 1] = true;
    if (!chosen[i - 1]) continue;
    if (change.from) touched.emplace(change.from->folder.get(), change.from->name);
    if (change.to) touched.emplace(change.to->folder.get(), change.to->name);
  }
  std::vector<Change> left;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (chosen[i]) {
      ApplyToSafe(changes_[i]);
    } else {
      left.push_back(std::move(changes_[i]));
    }
  }
  changes_ = std::move(left);
}

void SimulatedNames::TakeSafeName(SimulatedNode& folder, const std::string& name) {
  const auto found = folder.safe.find(name);
  if (found == folder.safe.end()) return;
  found->second->safe_folder = nullptr;
  folder.safe.erase(found);
}

void SimulatedNames::ApplyToSafe(const Change& change) {
  SimulatedNode& node = *change.node;
  if (change.from) TakeSafeName(*change.from->folder, change.from->name);
  if (!change.to) return;
  // After a lost rename it is still where it was before.
  if (node.safe_folder != nullptr) TakeSafeName(*node.safe_folder, std::string(node.safe_name));
  TakeSafeName(*change.to->folder, change.to->name);
  change.to->folder->safe[change.to->name] = change.node;
  node.safe_folder = change.to->folder.get();
  node.safe_name = change.to->name;
}

void SimulatedNames::KeepRenamesWhole(Chosen& chosen) const {
  std::set<NameOfFolder> touched;
  for (size_t i = changes_.size(); i > 0; --i) {
    const Change& change = changes_[i - 1];
    const bool is_rename = change.from && change.to;
    if (is_rename && touched.contains({change.from->folder.get(), change.from->name})) chosen[i - 1] = true;
    if (!chosen[i - 1]) continue;
    if (change.from) touched.emplace(change.from->folder.get(), change.from->name);
    if (change.to) touched.emplace(change.to->folder.get(), change.to->name);
  }
}

std::vector<std::string> SimulatedNames::CutPower(base::RandomSource& random) {
  Chosen took_place(changes_.size());
  // From "all were lost" to "none was": with even odds alone, neither would ever be seen among many.
  const uint64_t of_eight = random.Below(9);
  for (size_t i = 0; i < changes_.size(); ++i) took_place[i] = random.Below(8) < of_eight;
  KeepRenamesWhole(took_place);
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (took_place[i]) ApplyToSafe(changes_[i]);
  }
  std::vector<std::string> lines;
  Compare(*root_, "", lines);
  ForgetUnsafe(*root_);
  changes_.clear();
  return lines;
}

void SimulatedNames::Compare(const SimulatedNode& folder, const std::string& prefix, std::vector<std::string>& lines) {
  std::set<std::string> names;
  for (const auto& [name, node] : folder.seen) names.insert(name);
  for (const auto& [name, node] : folder.safe) names.insert(name);
  for (const std::string& name : names) {
    const auto seen = folder.seen.find(name);
    const auto left = folder.safe.find(name);
    const std::string path = prefix + name;
    if (left == folder.safe.end()) {
      lines.push_back(path + (seen->second->is_folder ? "/: gone with all that is in it" : ": gone"));
    } else if (seen == folder.seen.end()) {
      lines.push_back(path + ": back");
    } else if (left->second != seen->second) {
      lines.push_back(path + ": an earlier file of that name");
    } else if (left->second->is_folder) {
      Compare(*left->second, path + "/", lines);
    }
  }
}

void SimulatedNames::ForgetUnsafe(SimulatedNode& folder) {
  folder.seen = folder.safe;
  for (const auto& [name, node] : folder.seen) {
    node->named = 1;
    if (node->is_folder) ForgetUnsafe(*node);
  }
}

void SimulatedNames::VisitFiles(const SimulatedNode& folder, const std::string& prefix, const Visit& visit) {
  for (const auto& [name, node] : folder.seen) {
    if (node->is_folder) {
      VisitFiles(*node, prefix + name + "/", visit);
    } else {
      visit(prefix + name, node);
    }
  }
}

}  // namespace datong::simulation
