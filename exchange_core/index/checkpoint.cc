// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/checkpoint.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/checkpoint_file.h"

namespace datong::index {
namespace {

constexpr char kSuffix[] = ".checkpoint";
constexpr char kTemporarySuffix[] = ".checkpoint.tmp";
constexpr int kGenerationsKept = 2;

std::string PathOf(const std::string& directory, const CheckpointIdentity& identity) {
  return absl::StrCat(directory, "/lane-", identity.lane, "-", identity.generation, kSuffix);
}

// The generation in a file name of this lane with this ending; 0 when it is another file's name.
uint64_t GenerationOf(const std::string& name, uint32_t lane, const char* suffix) {
  absl::string_view rest = name;
  uint64_t generation = 0;
  if (!absl::ConsumePrefix(&rest, absl::StrCat("lane-", lane, "-")) || !absl::ConsumeSuffix(&rest, suffix)) return 0;
  // Written back, so that only the one way of writing a number is taken ("1", not "+1" or "01").
  return absl::SimpleAtoi(rest, &generation) && absl::StrCat(generation) == rest ? generation : 0;
}

// Newest first.
absl::StatusOr<std::vector<uint64_t>> Generations(base::FileSystem& files, const std::string& directory, uint32_t lane,
                                                  const char* suffix) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<uint64_t> generations;
  for (const std::string& name : names) {
    if (const uint64_t generation = GenerationOf(name, lane, suffix); generation != 0)
      generations.push_back(generation);
  }
  std::sort(generations.rbegin(), generations.rend());
  return generations;
}

// The content is at fault, as opposed to the way to it.
bool IsDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status) || absl::IsUnimplemented(status);
}

absl::Status Prune(base::FileSystem& files, const std::string& directory, uint32_t lane,
                   const std::vector<uint64_t>& older) {
  int verified = 1;  // the one just written and read back
  std::vector<uint64_t> removable;
  for (const uint64_t generation : older) {
    const CheckpointIdentity identity{lane, generation};
    if (verified >= kGenerationsKept) {
      removable.push_back(generation);
      continue;
    }
    const absl::Status status = ReadCheckpointFile(files, PathOf(directory, identity), identity, nullptr);
    if (status.ok()) ++verified;
    if (IsDamage(status)) removable.push_back(generation);
  }
  if (verified < kGenerationsKept) return absl::OkStatus();
  for (const uint64_t generation : removable) RETURN_IF_ERROR(files.Remove(PathOf(directory, {lane, generation})));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<uint64_t> WriteCheckpoint(base::FileSystem& files, base::StepObserver& steps,
                                         const std::string& directory, uint32_t lane,
                                         const std::vector<CheckpointSection>& sections) {
  RETURN_IF_ERROR(files.MakeDirectories(directory));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> halves, Generations(files, directory, lane, kTemporarySuffix));
  for (const uint64_t half : halves) RETURN_IF_ERROR(files.Remove(PathOf(directory, {lane, half}) + ".tmp"));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> older, Generations(files, directory, lane, kSuffix));

  const CheckpointIdentity identity{lane, older.empty() ? 1 : older.front() + 1};
  const std::string path = PathOf(directory, identity);
  const std::string temporary = path + ".tmp";
  const absl::Status written = WriteCheckpointFile(files, temporary, identity, sections);
  if (!written.ok()) {
    // On a full disk the half is in the way of everybody else. If this fails too, the next call removes it.
    files.Remove(temporary).IgnoreError();
    return written;
  }
  steps.Reached("checkpoint.written");
  RETURN_IF_ERROR(files.Rename(temporary, path));
  RETURN_IF_ERROR(files.SyncDirectory(directory));
  steps.Reached("checkpoint.renamed");
  RETURN_IF_ERROR(ReadCheckpointFile(files, path, identity, nullptr));
  RETURN_IF_ERROR(Prune(files, directory, lane, older));
  steps.Reached("checkpoint.pruned");
  return identity.generation;
}

absl::StatusOr<LoadedCheckpoint> LoadNewestCheckpoint(base::FileSystem& files, const std::string& directory,
                                                      uint32_t lane) {
  LoadedCheckpoint loaded;
  const auto generations = Generations(files, directory, lane, kSuffix);
  if (absl::IsNotFound(generations.status())) return loaded;
  RETURN_IF_ERROR(generations.status());
  for (const uint64_t generation : *generations) {
    const CheckpointIdentity identity{lane, generation};
    const absl::Status status = ReadCheckpointFile(files, PathOf(directory, identity), identity, &loaded.sections);
    if (status.ok()) {
      loaded.generation = generation;
      return loaded;
    }
    if (!IsDamage(status)) return status;
    loaded.sections.clear();
    loaded.warnings.push_back(
        absl::StrCat(status.message(), "; not used, an older state and more of the ledger are read instead"));
  }
  return loaded;
}

}  // namespace datong::index
