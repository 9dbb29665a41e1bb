// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/resume_position.h"

#include <charconv>

#include "connectors/file/digested_file.h"

namespace datong::file {
namespace {

bool TakeText(std::string_view& text, std::string_view expected) {
  if (text.substr(0, expected.size()) != expected) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool TakeNumber(std::string_view& text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string FormatPosition(const ResumePosition& position) {
  return "datong.file/2 done=" + std::to_string(position.done ? 1 : 0) + " index=" + std::to_string(position.index) +
         " offset=" + std::to_string(position.place.offset) + " row=" + std::to_string(position.place.row) +
         " bytes=" + std::to_string(position.bytes) + " digested=" + std::to_string(position.digested) +
         " sha256=" + position.sha256 + " name=" + position.name;
}

std::optional<ResumePosition> ParsePosition(std::string_view text) {
  ResumePosition position;
  uint64_t version = 0, done = 0;
  if (!TakeText(text, "datong.file/") || !TakeNumber(text, version) || !TakeText(text, " done=") ||
      !TakeNumber(text, done) || !TakeText(text, " index=") || !TakeNumber(text, position.index) ||
      !TakeText(text, " offset=") || !TakeNumber(text, position.place.offset) || !TakeText(text, " row=") ||
      !TakeNumber(text, position.place.row)) {
    return std::nullopt;
  }
  if (version == 1) {
    if (!TakeText(text, " identity=")) return std::nullopt;
    position.digested = DigestedFile::kEnd;
  } else if (version != 2 || !TakeText(text, " bytes=") || !TakeNumber(text, position.bytes) ||
             !TakeText(text, " digested=") || !TakeNumber(text, position.digested) || !TakeText(text, " sha256=")) {
    return std::nullopt;
  }
  const size_t digest_end = text.find(' ');
  if (digest_end == std::string_view::npos) return std::nullopt;
  position.sha256 = text.substr(0, digest_end);
  text.remove_prefix(digest_end);
  if (!TakeText(text, " name=") || text.empty()) return std::nullopt;
  position.done = done != 0;
  position.name = text;
  return position;
}

}  // namespace datong::file
