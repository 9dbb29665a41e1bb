// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/checkpoint.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/checkpoint_file.h"
#include "exchange_core/index/checkpoint_pieces.h"

namespace datong::index {
namespace {

constexpr char kSuffix[] = ".checkpoint";
constexpr char kTemporarySuffix[] = ".checkpoint.tmp";
constexpr uint64_t kBytesPerContentMax = 2;  // of the files that a generation stands on

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

// What a file says, without its bytes.
struct StoredGeneration {
  uint64_t generation = 0;
  std::map<std::string, StoredSection> sections;
  std::set<uint64_t> stands_on;  // other generations

  const StoredSection* Find(const std::string& name) const {
    const auto it = sections.find(name);
    return it == sections.end() ? nullptr : &it->second;
  }
};

absl::StatusOr<StoredSection> Parse(const std::string& path, const CheckpointIdentity& identity,
                                    const CheckpointSection& section) {
  auto parsed = ParseSection(section.content, identity.generation);
  if (parsed.ok()) return parsed;
  return absl::DataLossError(
      absl::StrCat(path, ": damaged checkpoint, section \"", section.name, "\": ", parsed.status().message()));
}

// Verifies this file alone.
absl::StatusOr<StoredGeneration> ReadStored(base::FileSystem& files, const std::string& directory,
                                            const CheckpointIdentity& identity) {
  StoredGeneration read;
  read.generation = identity.generation;
  const std::string path = PathOf(directory, identity);
  RETURN_IF_ERROR(ReadCheckpointFile(files, path, identity, [&](CheckpointSection section) -> absl::Status {
    ASSIGN_OR_RETURN(StoredSection parsed, Parse(path, identity, section));
    parsed.here.clear();
    for (const Piece& piece : parsed.pieces) {
      if (piece.generation != identity.generation) read.stands_on.insert(piece.generation);
    }
    read.sections[section.name] = std::move(parsed);
    return absl::OkStatus();
  }));
  return read;
}

absl::Status StandsOnWhatIsNotSound(const std::string& path, uint64_t generation, const absl::Status& why) {
  if (!IsDamage(why) && !absl::IsNotFound(why)) return why;
  return absl::DataLossError(
      absl::StrCat(path, ": stands on generation ", generation, ", which cannot be used: ", why.message()));
}

// With all that it stands on.
absl::StatusOr<StoredGeneration> Verify(base::FileSystem& files, const std::string& directory,
                                        const CheckpointIdentity& identity) {
  ASSIGN_OR_RETURN(StoredGeneration read, ReadStored(files, directory, identity));
  for (const uint64_t other : read.stands_on) {
    const CheckpointIdentity below{identity.lane, other};
    const absl::Status status = ReadCheckpointFile(files, PathOf(directory, below), below, nullptr);
    if (!status.ok()) return StandsOnWhatIsNotSound(PathOf(directory, identity), other, status);
  }
  return read;
}

// Copies the pieces of `into` (whose stored form is `wanted`) that stand in this section of `from`'s generation.
absl::Status TakePieces(const StoredSection& from, uint64_t generation, const StoredSection& wanted,
                        CheckpointSection& into) {
  for (size_t i = 0; i < wanted.pieces.size(); ++i) {
    if (wanted.pieces[i].generation != generation) continue;
    if (i >= from.pieces.size() || from.pieces[i].generation != generation ||
        from.pieces[i].sum != wanted.pieces[i].sum || from.here[i].size() != wanted.BytesOf(i)) {
      return absl::DataLossError(absl::StrCat("it does not hold piece ", i, " of section \"", into.name, "\""));
    }
    std::memcpy(into.content.data() + i * kPieceBytes, from.here[i].data(), from.here[i].size());
  }
  return absl::OkStatus();
}

// One section after the other is held besides what is made of them.
absl::Status Assemble(base::FileSystem& files, const std::string& directory, const CheckpointIdentity& identity,
                      std::vector<CheckpointSection>& sections) {
  const std::string path = PathOf(directory, identity);
  std::vector<StoredSection> wanted;
  std::set<uint64_t> stands_on;
  const auto take = [&](const CheckpointSection& section) -> absl::Status {
    ASSIGN_OR_RETURN(StoredSection parsed, Parse(path, identity, section));
    CheckpointSection& made = sections.emplace_back();
    made.name = section.name;
    made.content.resize(parsed.content_bytes);
    RETURN_IF_ERROR(TakePieces(parsed, identity.generation, parsed, made));
    parsed.here.clear();
    for (const Piece& piece : parsed.pieces) stands_on.insert(piece.generation);
    wanted.push_back(std::move(parsed));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadCheckpointFile(files, path, identity, take));
  stands_on.erase(identity.generation);
  for (const uint64_t other : stands_on) {
    const CheckpointIdentity below{identity.lane, other};
    const std::string path_below = PathOf(directory, below);
    std::set<size_t> missing;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (std::any_of(wanted[i].pieces.begin(), wanted[i].pieces.end(),
                      [&](const Piece& piece) { return piece.generation == other; })) {
        missing.insert(i);
      }
    }
    const absl::Status taken =
        ReadCheckpointFile(files, path_below, below, [&](CheckpointSection section) -> absl::Status {
          const auto it =
              std::find_if(missing.begin(), missing.end(), [&](size_t i) { return sections[i].name == section.name; });
          if (it == missing.end()) return absl::OkStatus();
          ASSIGN_OR_RETURN(const StoredSection parsed, Parse(path_below, below, section));
          RETURN_IF_ERROR(TakePieces(parsed, other, wanted[*it], sections[*it]));
          missing.erase(it);
          return absl::OkStatus();
        });
    const absl::Status all =
        !taken.ok() || missing.empty()
            ? taken
            : absl::DataLossError(absl::StrCat("it lacks section \"", sections[*missing.begin()].name, "\""));
    if (!all.ok()) return StandsOnWhatIsNotSound(path, other, all);
  }
  return absl::OkStatus();
}

// Whether the files below are not mostly what nobody refers to any longer.
absl::StatusOr<bool> IsWorthStandingOn(base::FileSystem& files, const std::string& directory, uint32_t lane,
                                       const StoredGeneration& previous,
                                       const std::vector<CheckpointSection>& sections) {
  uint64_t content_bytes = 0, file_bytes = 0;
  for (const CheckpointSection& section : sections) content_bytes += section.content.size();
  std::set<uint64_t> below = previous.stands_on;
  below.insert(previous.generation);
  for (const uint64_t generation : below) {
    ASSIGN_OR_RETURN(const auto file, files.OpenRead(PathOf(directory, {lane, generation})));
    ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
    file_bytes += bytes;
  }
  return file_bytes <= kBytesPerContentMax * content_bytes;
}

// Once there are two that verify: what neither of them needs.
absl::Status Prune(base::FileSystem& files, const std::string& directory, uint32_t lane,
                   const std::vector<uint64_t>& older, const std::set<uint64_t>& newest_stands_on,
                   const std::optional<StoredGeneration>& previous, const std::set<uint64_t>& unknown) {
  if (!previous) return absl::OkStatus();
  for (const uint64_t generation : older) {
    if (generation == previous->generation || previous->stands_on.contains(generation) ||
        newest_stands_on.contains(generation) || unknown.contains(generation)) {
      continue;
    }
    RETURN_IF_ERROR(files.Remove(PathOf(directory, {lane, generation})));
  }
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

  std::optional<StoredGeneration> previous;
  std::set<uint64_t> unknown;
  for (const uint64_t generation : older) {
    auto verified = Verify(files, directory, {lane, generation});
    if (!verified.ok()) {
      if (!IsDamage(verified.status())) unknown.insert(generation);
      continue;
    }
    previous = *std::move(verified);
    break;
  }
  bool stands_on_previous = false;
  if (previous) {
    ASSIGN_OR_RETURN(stands_on_previous, IsWorthStandingOn(files, directory, lane, *previous, sections));
  }

  const CheckpointIdentity identity{lane, older.empty() ? 1 : older.front() + 1};
  const std::string path = PathOf(directory, identity);
  const std::string temporary = path + ".tmp";
  std::set<uint64_t> stands_on;
  const absl::Status written =
      WriteCheckpointFile(files, temporary, identity, sections, [&](const CheckpointSection& section) {
        PackedSection packed = PackSection(section.content, identity.generation,
                                           stands_on_previous ? previous->Find(section.name) : nullptr);
        stands_on.merge(packed.stands_on);
        return std::move(packed.bytes);
      });
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
  RETURN_IF_ERROR(Prune(files, directory, lane, older, stands_on, previous, unknown));
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
    const absl::Status status = Assemble(files, directory, {lane, generation}, loaded.sections);
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
