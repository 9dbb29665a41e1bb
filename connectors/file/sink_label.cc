// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/sink_label.h"

#include <absl/strings/str_cat.h>

#include "connectors/file/json_line.h"
#include "connectors/file/json_text.h"
#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

constexpr char kName[] = "/sink.json";
constexpr uint64_t kBytesMax = uint64_t{64} << 10;

void AppendMember(const char* begin, const std::string& text, std::string& out) {
  out += begin;
  AppendJsonString(text, out);
}

}  // namespace

absl::StatusOr<std::optional<SinkLabel>> ReadSinkLabel(base::FileSystem& files, const std::string& directory) {
  const std::string path = directory + kName;
  ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (!exists) return std::nullopt;
  ASSIGN_OR_RETURN(const std::string text, base::ReadWholeFile(files, path, kBytesMax));
  SinkLabel label;
  JsonLine json;
  const bool parsed = json.Parse(text);
  for (const JsonLine::Member& member : json.members()) {
    if (member.name == "subscription") label.subscription = member.text;
    if (member.name == "identity") label.identity = member.text;
    if (member.name == "layout") label.layout = member.text;
  }
  if (!parsed || label.identity.empty() || label.layout.empty()) {
    return absl::DataLossError(absl::StrCat(path, " is damaged"));
  }
  return label;
}

absl::Status WriteSinkLabel(base::FileSystem& files, const std::string& directory, const SinkLabel& label) {
  std::string text;
  AppendMember("{\"subscription\":", label.subscription, text);
  AppendMember(",\"identity\":", label.identity, text);
  AppendMember(",\"layout\":", label.layout, text);
  text += "}\n";
  return base::WriteWholeFileAtomically(files, directory + kName, text);
}

}  // namespace datong::file
