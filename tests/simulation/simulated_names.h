// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/random.h"
#include "tests/simulation/simulated_file.h"

namespace datong::simulation {

// A file or a folder, apart from the name it has.
struct SimulatedNode {
  explicit SimulatedNode(bool folder) : is_folder(folder) {}

  const bool is_folder;
  SimulatedFile file;
  using Names = std::map<std::string, std::shared_ptr<SimulatedNode>>;
  Names seen;  // of a folder: what programs see
  Names safe;  // of a folder: what a power cut leaves when it forgets everything that was not synced
  // Where it is among the safe names; null when it is not.
  SimulatedNode* safe_folder = nullptr;
  std::string safe_name;

  // Kept by SimulatedDisk.
  int named = 0;           // 1 when a program sees it under a name
  int handles = 0;         // open ones
  uint64_t locked_in = 0;  // the life of the machine in which somebody took the lock that is held; 0: not held
};
using SimulatedNodePtr = std::shared_ptr<SimulatedNode>;

// The names of a SimulatedDisk: a tree of folders as programs see it, the safe one, and the changes between the two in
// their order. Paths are read from the root whether or not they begin with a slash; "." and ".." and doubled slashes
// are understood.
//
// What a cut may leave. Of the changes that are not safe each took place or not; those that did are applied to the safe
// tree in their order. One rule holds the changes together, so that a rename is never seen by half: where a rename took
// a file away from a name and was lost, no later change of that name took place either (else the file would be gone
// from both). Where a name was written twice, the later change stands alone: a file that replaced one that was to be
// removed needs no removal.
//
// Syncing a folder makes all its changes safe, a rename from or to another folder included, and with it what had
// happened before to the two names of that rename.
class SimulatedNames {
 public:
  // Where a path leads.
  struct Spot {
    SimulatedNodePtr folder;  // null when the parent is missing or no folder, and for the root
    std::string name;
    std::string path;       // without slash in front
    SimulatedNodePtr node;  // null when there is nothing
  };

  SimulatedNames();
  const SimulatedNodePtr& root() const { return root_; }
  Spot Look(std::string_view path) const;

  // The spot must have a folder and be fresh from Look(). What had the name before is replaced.
  SimulatedNodePtr Create(const Spot& spot, bool is_folder);
  void Remove(const Spot& spot);
  // A folder stays in the folder that it is in.
  void Rename(const Spot& from, const Spot& to);
  void SyncFolder(const SimulatedNodePtr& folder);
  void SyncName(const Spot& spot);

  // Decides what becomes of the names that are not safe; what is left is safe. Returns one line per name that is not
  // what it was.
  std::vector<std::string> CutPower(base::RandomSource& random);

  using Visit = std::function<void(const std::string& path, const SimulatedNodePtr& node)>;
  // Every file that programs see below `folder`; the paths begin with `prefix`. In order of folder and name.
  static void VisitFiles(const SimulatedNode& folder, const std::string& prefix, const Visit& visit);

 private:
  struct Slot {
    SimulatedNodePtr folder;
    std::string name;
  };
  // A creation has no `from`, a removal no `to`, a rename both.
  struct Change {
    SimulatedNodePtr node;
    std::optional<Slot> from;
    std::optional<Slot> to;
  };
  using Chosen = std::vector<bool>;  // by position in changes_

  static void ApplyToSafe(const Change& change);
  static void TakeSafeName(SimulatedNode& folder, const std::string& name);
  // Adds those renames that later chosen changes presuppose.
  void KeepRenamesWhole(Chosen& chosen) const;
  // The chosen ones, and what had happened before to their names.
  void MakeSafe(Chosen chosen);
  static void Compare(const SimulatedNode& folder, const std::string& prefix, std::vector<std::string>& lines);
  static void ForgetUnsafe(SimulatedNode& folder);

  SimulatedNodePtr root_ = std::make_shared<SimulatedNode>(true);
  std::vector<Change> changes_;  // not safe, in order
};

}  // namespace datong::simulation
