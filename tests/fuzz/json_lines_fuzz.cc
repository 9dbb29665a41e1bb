// SPDX-License-Identifier: Apache-2.0
// Any bytes are read to the same rows in pieces of any size and from any row on; and what counts as a JSON object, and
// what its members hold, is what another JSON reader (nlohmann) says.
//
// Input: encoding and declared columns, piece size, row to resume at (a byte each), then the file.
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "connectors/file/json_line.h"
#include "connectors/file/json_lines_reader.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/utf8.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"
#include "tests/fuzz/row_reading.h"

namespace datong::fuzz {
namespace {

using Json = nlohmann::json;

// Where the two differ by design: ours refuses nesting below 200 levels, and keeps numbers of any size as they are
// written, where nlohmann refuses what no double holds. Nlohmann passes over a byte order mark before any text, ours
// before a file only; and it takes NUL for the end.
bool NestsTooDeep(std::string_view line) {
  return std::count_if(line.begin(), line.end(), [](char c) { return c == '[' || c == '{'; }) > 200;
}
bool MayOverflow(std::string_view line) {
  return line.find_first_of("eE") != std::string_view::npos || line.size() > 300;
}

void CheckMember(const file::JsonLine::Member& member, const Json& expected) {
  DATONG_CHECK(member.is_null == expected.is_null());
  if (member.is_null) return;
  if (expected.is_string()) {
    DATONG_CHECK(member.text == expected.get_ref<const std::string&>());
  } else {
    // A number, a word, or an array or object as compact JSON: the same value when read again.
    DATONG_CHECK(Json::parse(member.text, nullptr, false) == expected);
  }
}

void CheckLine(std::string_view line) {
  if (!base::IsValidUtf8(line) || line.find('\0') != std::string_view::npos || line.substr(0, 3) == "\xef\xbb\xbf")
    return;
  file::JsonLine json;
  const bool taken = json.Parse(line);
  DATONG_CHECK(taken || !json.problem().empty());
  const Json expected = Json::parse(line, nullptr, false);
  const bool object = expected.is_object();
  if (taken != object) {
    DATONG_CHECK(taken ? MayOverflow(line) : NestsTooDeep(line));
    return;
  }
  if (!taken) return;
  std::map<std::string_view, const file::JsonLine::Member*> last;
  for (const file::JsonLine::Member& member : json.members()) last[member.name] = &member;
  DATONG_CHECK(last.size() == expected.size());
  for (const auto& [name, member] : last) CheckMember(*member, expected.at(std::string(name)));
}

}  // namespace

void FuzzJsonLines(std::string_view input) {
  InputReader reader(input);
  const uint8_t switches = reader.Byte();
  constexpr file::Encoding kEncodings[] = {file::Encoding::kUtf8, file::Encoding::kGb18030, file::Encoding::kGbk,
                                           file::Encoding::kUtf8};
  const file::Encoding encoding = kEncodings[switches & 3];
  file::FileSourceOptions options;
  if ((switches & 4) != 0) options.columns = {"id", "名称"};
  const size_t piece_max = 1 + reader.Byte() % 32;
  const size_t resume = reader.Byte();
  const std::string_view content = reader.rest();
  CheckReader(
      [&](size_t pieces) {
        const auto open = [content, pieces]() -> absl::StatusOr<std::unique_ptr<file::ByteStream>> {
          return InPieces(content, pieces);
        };
        return std::make_unique<file::JsonLinesReader>(InPieces(content, pieces), open, "f.jsonl", options, encoding);
      },
      piece_max, resume);

  for (std::string_view rest = content; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    CheckLine(line);
  }
}

}  // namespace datong::fuzz
