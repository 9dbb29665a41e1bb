// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/received_files.h"

#include <absl/strings/str_cat.h>
#include <iconv.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace datong::simulation {
namespace {

constexpr size_t kPositionDigits = 20;
constexpr size_t kGrowthMax = 3;  // bytes of UTF-8 per byte of GBK, at most

// A line of a file as names and texts. Members of a JSON line and cells of a CSV line look alike from here on.
struct Line {
  std::vector<std::pair<std::string, std::string>> members;
};

bool StartsWith(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}
bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

template <typename Number>
bool ToNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// nullopt: some byte is no GBK.
std::optional<std::string> FromGbk(std::string_view bytes) {
  if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return std::string(bytes);
  }
  static const iconv_t converter = iconv_open("UTF-8", "GBK");
  iconv(converter, nullptr, nullptr, nullptr, nullptr);
  std::string text(bytes.size() * kGrowthMax, '\0');
  char* in = const_cast<char*>(bytes.data());  // iconv's signature; it does not write there
  size_t in_left = bytes.size();
  char* out = text.data();
  size_t out_left = text.size();
  if (iconv(converter, &in, &in_left, &out, &out_left) == static_cast<size_t>(-1) || in_left != 0) return std::nullopt;
  text.resize(text.size() - out_left);
  return text;
}

// RFC 4180 with LF. The cells of the line that begins at `at`, which moves behind its line end. False: it has none, a
// quote stands where none may, or a byte that no text has.
bool ReadCsvLine(std::string_view text, size_t& at, std::vector<std::string>& cells) {
  cells.assign(1, "");
  bool quoted = false;
  bool was_quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\0') return false;
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += '"';
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '\n') {
      ++at;
      return true;
    } else if (c == ',') {
      cells.emplace_back();
      was_quoted = false;
    } else if (c == '"' && cells.back().empty() && !was_quoted) {
      quoted = was_quoted = true;
    } else if (c == '"' || c == '\r' || was_quoted) {
      return false;
    } else {
      cells.back() += c;
    }
  }
  return false;
}

// Why the text is not what the sink writes, or "".
std::string ReadCsv(std::string_view text, std::vector<std::string>& names, std::vector<Line>& lines) {
  size_t at = 0;
  if (!ReadCsvLine(text, at, names)) return "it has no header line";
  std::vector<std::string> cells;
  while (at < text.size()) {
    if (!ReadCsvLine(text, at, cells)) return absl::StrCat("line ", lines.size() + 2, " is no CSV, or has no end");
    if (cells.size() != names.size()) {
      return absl::StrCat("line ", lines.size() + 2, " has ", cells.size(), " values for ", names.size(), " columns");
    }
    Line& line = lines.emplace_back();
    for (size_t i = 0; i < cells.size(); ++i) line.members.emplace_back(names[i], std::move(cells[i]));
  }
  return "";
}

std::string ReadJsonLines(std::string_view text, std::vector<Line>& lines) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string where = absl::StrCat("line ", lines.size() + 1);
    if (end == std::string_view::npos) return absl::StrCat(where, " has no end");
    const auto json = nlohmann::json::parse(text.begin() + at, text.begin() + end, nullptr, false);
    if (!json.is_object()) return absl::StrCat(where, " is no JSON object");
    Line& line = lines.emplace_back();
    for (const auto& [name, value] : json.items()) {
      if (value.is_string()) {
        line.members.emplace_back(name, value.get<std::string>());
      } else if (value.is_number_unsigned()) {
        line.members.emplace_back(name, std::to_string(value.get<uint64_t>()));
      } else {
        return absl::StrCat(where, ": ", name, " is neither text nor a number");
      }
    }
    at = end + 1;
  }
  return "";
}

class DirectoryReader {
 public:
  DirectoryReader(const SimulatedDisk& disk, const SubscriptionPlan& plan) : disk_(disk), plan_(plan) {}

  Received Read() {
    for (const std::string& path : disk_.FilesBelow(plan_.directory)) Sort(path);
    for (const auto& [position, path] : parts_) {
      std::vector<ReceivedRecord> records;
      ReadPart(path, records);
      if (plan_.state_form) received_.records.clear();  // the newest is the one that counts
      std::move(records.begin(), records.end(), std::back_inserter(received_.records));
    }
    for (const auto& [position, path] : refusals_) ReadRefusals(position, path);
    received_.columns.assign(columns_.begin(), columns_.end());
    return std::move(received_);
  }

 private:
  void Complain(const std::string& path, const std::string& what) {
    received_.complaints.push_back(absl::StrCat("subscription ", plan_.name, ": ", path, ": ", what));
  }

  void Sort(const std::string& path) {
    const std::string_view name = std::string_view(path).substr(plan_.directory.size() + 1);
    if (StartsWith(name, ".") || EndsWith(name, ".tmp") || name == "sink.json") return;
    const std::string kind = plan_.state_form ? "state-" : "changes-";
    const std::string ending = plan_.json_lines ? ".jsonl" : ".csv";
    if (const auto position = PositionIn(name, kind, ending)) {
      parts_[*position] = path;
    } else if (const auto refused = PositionIn(name, "refused-", ".jsonl")) {
      refusals_[*refused] = path;
    } else {
      Complain(path, absl::StrCat("a file of this name is none of the sink's (", kind, "<position>", ending, ")"));
    }
  }

  static std::optional<uint64_t> PositionIn(std::string_view name, std::string_view kind, std::string_view ending) {
    if (name.size() != kind.size() + kPositionDigits + ending.size()) return std::nullopt;
    if (!StartsWith(name, kind) || !EndsWith(name, ending)) return std::nullopt;
    uint64_t position = 0;
    if (!ToNumber(name.substr(kind.size(), kPositionDigits), position)) return std::nullopt;
    return position;
  }

  // A file has its name only when it is whole: one that can't be read is wrong even when another supersedes it.
  void ReadPart(const std::string& path, std::vector<ReceivedRecord>& records) {
    std::string text = disk_.Content(path);
    received_.raw += text;
    if (plan_.gbk) {
      std::optional<std::string> converted = FromGbk(text);
      if (!converted) return Complain(path, "its bytes are no GBK");
      text = *std::move(converted);
    }
    std::vector<Line> lines;
    std::vector<std::string> names;
    const std::string problem = plan_.json_lines ? ReadJsonLines(text, lines) : ReadCsv(text, names, lines);
    if (!problem.empty()) return Complain(path, problem);
    for (const std::string& name : names) {
      if (!StartsWith(name, "_")) columns_.insert(name);
    }
    for (size_t i = 0; i < lines.size(); ++i) {
      if (const std::string wrong = Take(lines[i], path, records); !wrong.empty()) {
        return Complain(path, absl::StrCat("record ", i + 1, ": ", wrong));
      }
    }
  }

  std::string Take(Line& line, const std::string& path, std::vector<ReceivedRecord>& records) {
    ReceivedRecord record;
    record.path = path;
    size_t own = 0;
    for (auto& [name, value] : line.members) {
      if (!StartsWith(name, "_")) {
        columns_.insert(name);
        if (!value.empty()) record.values[name] = std::move(value);
        continue;
      }
      ++own;
      bool good = true;
      if (name == "_key") {
        record.key = value;
        good = value.size() == 32;
      } else if (name == "_source_file") {
        record.source_file = value;
      } else if (name == "_source_row") {
        good = ToNumber(value, record.source_row);
      } else if (plan_.state_form) {
        good = false;
      } else if (name == "_operation") {
        record.operation = value;
        good = value == "insert" || value == "update" || value == "delete";
      } else if (name == "_lane") {
        good = ToNumber(value, record.lane);
      } else if (name == "_sequence") {
        good = ToNumber(value, record.sequence);
      } else {
        good = false;
      }
      if (!good) return absl::StrCat(name, " = \"", value, "\" is nothing the sink writes");
    }
    if (own != (plan_.state_form ? 3u : 6u)) return absl::StrCat("only ", own, " of the columns that begin with _");
    if (plan_.state_form && !records.empty() && records.back().key >= record.key) {
      return absl::StrCat("key ", record.key, " does not stand behind key ", records.back().key);
    }
    records.push_back(std::move(record));
    return "";
  }

  // Refusals count with the part that was written with them. Of a state nothing but the newest is kept: what was
  // refused before it stands there once, or twice when the first write was cut off and repeated.
  void ReadRefusals(uint64_t position, const std::string& path) {
    const std::string text = disk_.Content(path);
    received_.raw += text;
    const bool counts =
        plan_.state_form ? !parts_.empty() && position <= parts_.rbegin()->first : parts_.contains(position);
    if (!counts) return;
    std::vector<Line> lines;
    if (const std::string problem = ReadJsonLines(text, lines); !problem.empty()) return Complain(path, problem);
    for (const Line& line : lines) {
      RefusedAtSink refused;
      refused.path = path;
      bool good = false;
      for (const auto& [name, value] : line.members) {
        if (name == "lane") good = ToNumber(value, refused.lane);
        if (name == "sequence") good = good && ToNumber(value, refused.sequence);
      }
      if (!good) return Complain(path, "a line without lane and sequence");
      const bool in_stream = (position >> 63) != 0;  // sequences of what was sent again are others
      const bool is_new = refused_.emplace(in_stream, refused.lane, refused.sequence).second;
      if (is_new || !plan_.state_form) received_.refused.push_back(std::move(refused));
    }
  }

  const SimulatedDisk& disk_;
  const SubscriptionPlan& plan_;
  Received received_;
  std::map<uint64_t, std::string> parts_, refusals_;  // path by position
  std::set<std::string> columns_;
  std::set<std::tuple<bool, uint32_t, uint64_t>> refused_;
};

}  // namespace

Received ReadReceived(const SimulatedDisk& disk, const SubscriptionPlan& subscription) {
  return DirectoryReader(disk, subscription).Read();
}

}  // namespace datong::simulation
