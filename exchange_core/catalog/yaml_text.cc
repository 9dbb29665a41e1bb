// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/yaml_text.h"

#include <algorithm>
#include <cstdint>

#include "exchange_core/base/limits.h"

namespace datong::catalog {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Bytes of the well-formed UTF-8 sequence at `at`; 0 when there is none (overlong forms and surrogates are none).
size_t SequenceBytes(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t lead = byte(at), second = byte(at + 1);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !follows(at + 1)) return 0;
  if (lead < 0xe0) return 2;
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || !follows(at + 2)) return 0;
  if (lead < 0xf0) return 3;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f) || !follows(at + 3)) return 0;
  return 4;
}

int Characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

YamlText::YamlText(std::string_view text) : text_(text) {
  if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) text_.remove_prefix(kByteOrderMark.size());
  line_begins_.push_back(0);
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_begins_.push_back(i + 1);
  }
}

size_t YamlText::LineBegin(size_t line) const { return line < line_begins_.size() ? line_begins_[line] : text_.size(); }

std::string_view YamlText::LineAt(size_t line) const {
  const size_t begin = LineBegin(line);
  std::string_view content = text_.substr(begin, LineBegin(line + 1) - begin);
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.remove_suffix(1);
  return content;
}

Place YamlText::PlaceOf(size_t byte, int length) const {
  byte = std::min(byte, text_.size());
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), byte);
  const size_t line = static_cast<size_t>(after - line_begins_.begin()) - 1;
  const size_t begin = line_begins_[line];
  return {static_cast<int>(line) + 1, Characters(text_.substr(begin, byte - begin)) + 1, std::max(length, 1)};
}

Place YamlText::PlaceOfScalar(size_t byte) const {
  const Place start = PlaceOf(byte);
  const std::string_view line = LineAt(static_cast<size_t>(start.line) - 1);
  const size_t in_line = std::min(byte - LineBegin(static_cast<size_t>(start.line) - 1), line.size());
  const std::string_view rest = line.substr(in_line);
  if (rest.empty()) return start;
  size_t end = 1;
  if (rest[0] == '"' || rest[0] == '\'') {
    while (end < rest.size() && rest[end] != rest[0]) end += rest[0] == '"' && rest[end] == '\\' ? 2 : 1;
    end = std::min(end + 1, rest.size());
  } else {
    // A plain scalar ends before ": ", " #" or, inside brackets, a comma or the bracket. Good enough to underline.
    while (end < rest.size() && rest[end] != ',' && rest[end] != ']' && rest[end] != '}' &&
           !(rest[end] == ':' && (end + 1 == rest.size() || rest[end + 1] == ' ')) &&
           !(rest[end] == '#' && rest[end - 1] == ' ')) {
      ++end;
    }
    while (end > 1 && rest[end - 1] == ' ') --end;
  }
  return {start.line, start.column, std::max(1, Characters(rest.substr(0, end)))};
}

bool YamlText::Check(Findings& findings) const {
  const size_t before = findings.size();
  if (text_.size() > base::kBatchBytesMax) {
    findings.Add(
        {1, 1, 1}, "too_large",
        "the file has " + std::to_string(text_.size()) + " bytes, more than " + std::to_string(base::kBatchBytesMax),
        "split it: objects not named in a file stay as they are");
    return false;
  }
  for (size_t i = 0; i < text_.size();) {
    const size_t bytes = SequenceBytes(text_, i);
    if (bytes == 0) {
      findings.Add(PlaceOf(i), "not_utf8", "the file is not UTF-8 text",
                   "save it as UTF-8 (GB18030 and GBK are not read here)");
      return false;
    }
    const auto c = static_cast<uint8_t>(text_[i]);
    const bool line_break = c == '\n' || (c == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n');
    if ((c < 0x20 && c != '\t' && !line_break) || c == 0x7f) {
      findings.Add(PlaceOf(i), "control_character", "control character number " + std::to_string(c), "remove it");
      return false;
    }
    i += bytes;
  }
  for (size_t line = 0; line < line_begins_.size(); ++line) {
    const std::string_view content = LineAt(line);
    const size_t first = content.find_first_not_of(" \t");
    if (first == std::string_view::npos || content[first] == '#') continue;
    const size_t tab = content.find('\t');
    if (tab >= first) continue;
    findings.Add(PlaceOf(LineBegin(line) + tab), "tab_indentation", "a tab in the indentation", "indent with spaces",
                 "how far a tab reaches differs from editor to editor");
  }
  return findings.size() == before;
}

}  // namespace datong::catalog
