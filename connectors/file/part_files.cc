// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/part_files.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <charconv>

#include "connectors/file/json_line.h"
#include "connectors/file/json_text.h"
#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

constexpr char kTemporary[] = ".tmp";
constexpr uint64_t kRefusedBytesMax = uint64_t{256} << 20;

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

template <typename Number>
bool ToNumber(std::string_view text, Number& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

}  // namespace

bool IsPositionName(std::string_view position) {
  return !position.empty() && position.size() <= 128 && std::all_of(position.begin(), position.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

PartFiles::PartFiles(std::string directory, std::string kind, std::string ending, base::FileSystem& files,
                     base::StepObserver& observer)
    : directory_(std::move(directory)),
      kind_(std::move(kind)),
      ending_(std::move(ending)),
      files_(files),
      observer_(observer) {}

std::string PartFiles::PathOf(const std::string& position) const {
  return directory_ + "/" + kind_ + "-" + position + ending_;
}

std::string PartFiles::RefusedPath(const std::string& position) const {
  return directory_ + "/refused-" + position + ".jsonl";
}

std::optional<std::string> PartFiles::PositionIn(const std::string& name) const {
  const std::string beginning = kind_ + "-";
  if (name.compare(0, beginning.size(), beginning) != 0 || !EndsWith(name, ending_) ||
      name.size() <= beginning.size() + ending_.size()) {
    return std::nullopt;
  }
  return name.substr(beginning.size(), name.size() - beginning.size() - ending_.size());
}

absl::StatusOr<bool> PartFiles::HoldsAnyKind() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  return std::any_of(names.begin(), names.end(), [](std::string_view name) {
    return (name.starts_with("changes-") || name.starts_with("state-")) &&
           (EndsWith(name, ".csv") || EndsWith(name, ".jsonl"));
  });
}

absl::Status PartFiles::Open(std::string& position) {
  position.clear();
  RETURN_IF_ERROR(files_.MakeDirectories(directory_));
  RETURN_IF_ERROR(base::SyncWayTo(files_, directory_));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  for (const std::string& name : names) {
    if (name[0] == '.' && EndsWith(name, kTemporary)) {
      RETURN_IF_ERROR(files_.Remove(directory_ + "/" + name));
    } else if (const std::optional<std::string> found = PositionIn(name)) {
      position = std::max(position, *found);
    }
  }
  // A name that a crash left unsynced must not vanish later, after it was relied on.
  return files_.SyncDirectory(directory_);
}

absl::Status PartFiles::WriteSynced(const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(const bool left_over, files_.Exists(path));
  if (left_over) RETURN_IF_ERROR(files_.Remove(path));
  ASSIGN_OR_RETURN(auto file, files_.OpenAppend(path));
  RETURN_IF_ERROR(file->Append(content));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

// Durable before the part has its name: of two names changed under one sync, a power cut may keep either alone.
absl::Status PartFiles::WriteRefused(const std::string& position, const std::vector<sdk::SinkState::Refusal>& refused) {
  if (refused.empty()) {
    // A write of this position that broke off here, with other records in it, may have left its own.
    ASSIGN_OR_RETURN(const bool left_over, files_.Exists(RefusedPath(position)));
    if (!left_over) return absl::OkStatus();
    RETURN_IF_ERROR(files_.Remove(RefusedPath(position)));
    return files_.SyncDirectory(directory_);
  }
  std::string lines;
  for (const sdk::SinkState::Refusal& refusal : refused) {
    absl::StrAppend(&lines, "{\"lane\":", refusal.lane, ",\"sequence\":", refusal.sequence, ",\"reason\":");
    AppendJsonString(refusal.reason, lines);
    lines += "}\n";
  }
  const std::string temporary = directory_ + "/.refused-" + position + kTemporary;
  RETURN_IF_ERROR(WriteSynced(temporary, lines));
  RETURN_IF_ERROR(files_.Rename(temporary, RefusedPath(position)));
  return files_.SyncDirectory(directory_);
}

absl::Status PartFiles::Write(const std::string& position, std::string_view content,
                              const std::vector<sdk::SinkState::Refusal>& refused) {
  const std::string temporary = directory_ + "/." + kind_ + "-" + position + kTemporary;
  RETURN_IF_ERROR(WriteRefused(position, refused));
  RETURN_IF_ERROR(WriteSynced(temporary, content));
  observer_.Reached("sink.part_written");
  RETURN_IF_ERROR(files_.Rename(temporary, PathOf(position)));
  observer_.Reached("sink.part_renamed");
  return files_.SyncDirectory(directory_);
}

absl::StatusOr<std::vector<sdk::SinkState::Refusal>> PartFiles::ReadRefused(const std::string& position) {
  std::vector<sdk::SinkState::Refusal> refused;
  ASSIGN_OR_RETURN(const bool exists, files_.Exists(RefusedPath(position)));
  if (!exists) return refused;
  ASSIGN_OR_RETURN(const std::string text, base::ReadWholeFile(files_, RefusedPath(position), kRefusedBytesMax));
  JsonLine json;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    sdk::SinkState::Refusal refusal;
    bool good = json.Parse(std::string_view(text).substr(begin, end - begin));
    for (const JsonLine::Member& member : json.members()) {
      if (member.name == "lane") good = good && ToNumber(member.text, refusal.lane);
      if (member.name == "sequence") good = good && ToNumber(member.text, refusal.sequence);
      if (member.name == "reason") refusal.reason = member.text;
    }
    if (!good) return absl::DataLossError(absl::StrCat(RefusedPath(position), " is damaged"));
    refused.push_back(std::move(refusal));
    begin = end + 1;
  }
  return refused;
}

absl::Status PartFiles::RemoveOthers(const std::string& position) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  for (const std::string& name : names) {
    const std::optional<std::string> found = PositionIn(name);
    if (found && *found != position) RETURN_IF_ERROR(files_.Remove(directory_ + "/" + name));
  }
  return absl::OkStatus();
}

}  // namespace datong::file
