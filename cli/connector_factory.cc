// SPDX-License-Identifier: Apache-2.0
#include "cli/connector_factory.h"

#include <fnmatch.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/file/file_sink.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_time.h"

namespace datong::cli {
namespace {

using Options = std::map<std::string, std::string>;

absl::Status Wrong(const std::string& name, const std::string& value, const std::string& expected) {
  return admin::ToStatus({.code = admin::Code::kBadValue,
                          .what = "option '" + name + "' is '" + value + "'",
                          .why = "it must be " + expected});
}

const std::string* Find(const Options& options, const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? nullptr : &found->second;
}

// One of the words, as its value.
template <typename Value>
absl::Status Choose(const Options& options, const std::string& name,
                    const std::vector<std::pair<std::string_view, Value>>& words, Value& into) {
  const std::string* text = Find(options, name);
  if (text == nullptr) return absl::OkStatus();
  std::string expected;
  for (const auto& [word, value] : words) {
    if (*text == word) {
      into = value;
      return absl::OkStatus();
    }
    expected += (expected.empty() ? "" : ", ") + std::string(word);
  }
  return Wrong(name, *text, "one of " + expected);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

absl::Status ReadDelimiter(const Options& options, char& into) {
  const std::string* text = Find(options, "delimiter");
  if (text == nullptr) return absl::OkStatus();
  if (*text == "tab" || *text == "\\t") {
    into = '\t';
  } else if (text->size() == 1) {
    into = text->front();
  } else {
    return Wrong("delimiter", *text, "one ASCII character, or 'tab'");
  }
  return absl::OkStatus();
}

bool HasWildcard(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::pair<std::string, std::string> SplitPath(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// `watch`: false, true, or how often to look ("5s").
absl::StatusOr<std::optional<int64_t>> WatchMs(const Options& options) {
  const std::string* text = Find(options, "watch");
  if (text == nullptr || *text == "false") return std::nullopt;
  if (*text == "true") return 1000;
  const auto span = catalog::ParseSpan(*text);
  if (!span) return Wrong("watch", *text, "true, false, or a time between two looks such as 5s");
  return *span / 1000;
}

// A name with a wildcard stands for the files that match now, in name order; what is stated beside them is none.
absl::Status Expand(base::FileSystem& files, const std::string& path, file::ManifestParts manifest,
                    std::vector<std::string>& into) {
  const auto [directory, pattern] = SplitPath(path);
  if (!HasWildcard(pattern)) {
    into.push_back(path);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (name[0] == '.' || file::IsManifestName(manifest, name)) continue;
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) into.push_back(directory + "/" + name);
  }
  return absl::OkStatus();
}

absl::Status ReadPaths(const Options& options, base::FileSystem& files, file::FileSourceOptions& into) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> watch, WatchMs(options));
  const std::string* path = Find(options, "path");
  const std::string* paths = Find(options, "paths");
  if (watch) {
    if (path == nullptr)
      return Wrong("watch", "true", "left out where 'paths' are listed: a watched source has one 'path'");
    into.watch_interval_ms = *watch;
    const auto [directory, pattern] = SplitPath(*path);
    into.directory = HasWildcard(pattern) ? directory : *path;
    into.pattern = HasWildcard(pattern) ? pattern : "*";
    return absl::OkStatus();
  }
  for (const std::string& one : Lines(path != nullptr ? *path : paths != nullptr ? *paths : "")) {
    RETURN_IF_ERROR(Expand(files, one, into.manifest, into.paths));
  }
  if (into.paths.empty())
    return Wrong("path", path == nullptr ? "" : *path, "a file, or a pattern that some file matches");
  return absl::OkStatus();
}

// `manifest`, `trailer` and `as_of`: what the department states of its dumps.
absl::Status ReadStated(const Options& options, file::FileSourceOptions& into) {
  if (const std::string* text = Find(options, "manifest"); text != nullptr && !text->empty()) {
    for (const std::string& part : Lines(*text)) {
      bool* const known = part == "sha256"  ? &into.manifest.sha256
                          : part == "count" ? &into.manifest.count
                          : part == "as_of" ? &into.manifest.as_of
                                            : nullptr;
      if (known == nullptr) return Wrong("manifest", part, "one of sha256, count, as_of");
      *known = true;
    }
  }
  if (const std::string* text = Find(options, "trailer")) into.trailer = *text;
  enum class AsOf { kUnknown, kName, kManifest, kItem } as_of = AsOf::kUnknown;
  RETURN_IF_ERROR(Choose<AsOf>(options, "as_of",
                               {{"name", AsOf::kName}, {"manifest", AsOf::kManifest}, {"item", AsOf::kItem}}, as_of));
  if (into.manifest.as_of && (as_of == AsOf::kName || as_of == AsOf::kItem)) {
    return Wrong("as_of", *Find(options, "as_of"), "manifest, where 'manifest' lists as_of");
  }
  into.as_of_in_name = as_of == AsOf::kName;
  into.as_of_in_rows = as_of == AsOf::kItem;
  if (as_of == AsOf::kManifest) into.manifest.as_of = true;
  return absl::OkStatus();
}

absl::Status OfUnknownKind(const catalog::Connector& connector) {
  return admin::ToStatus({.code = admin::Code::kBadValue,
                          .what = "connector '" + connector.name + "' is of unknown kind '" + connector.kind + "'",
                          .next = "this program knows the kind 'file'"});
}

}  // namespace

absl::Status ReadDialect(const Options& options, file::FileSourceOptions& into) {
  RETURN_IF_ERROR(Choose<file::Format>(
      options, "format",
      {{"auto", file::Format::kAuto}, {"csv", file::Format::kCsv}, {"jsonl", file::Format::kJsonLines}}, into.format));
  RETURN_IF_ERROR(Choose<file::RaggedRows>(
      options, "ragged", {{"unreadable", file::RaggedRows::kUnreadable}, {"pad", file::RaggedRows::kPad}},
      into.ragged));
  RETURN_IF_ERROR(Choose<bool>(options, "header", {{"true", true}, {"false", false}}, into.header));
  RETURN_IF_ERROR(ReadDelimiter(options, into.delimiter));
  if (const std::string* text = Find(options, "encoding")) into.encoding = *text;
  if (const std::string* text = Find(options, "columns")) into.columns = Lines(*text);
  if (const std::string* text = Find(options, "title_lines")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), into.title_lines);
    if (error != std::errc() || end != text->data() + text->size())
      return Wrong("title_lines", *text, "a whole number");
  }
  return ReadStated(options, into);
}

absl::StatusOr<std::unique_ptr<runner::SourceRunner>> NewSource(const catalog::Connector& connector, bool entity,
                                                                const ConnectorPlace& place) {
  if (connector.kind != "file") return OfUnknownKind(connector);
  const Ground& ground = place.ground;
  file::FileSourceOptions options;
  RETURN_IF_ERROR(ReadDialect(connector.options, options));
  RETURN_IF_ERROR(ReadPaths(connector.options, ground.files, options));
  options.rows_per_read_max = ground.limits.rows_per_read_max;
  runner::SourceRunnerOptions run;
  run.source = connector.name;
  run.resource = connector.resource;
  run.rows_per_publish_max = ground.limits.rows_per_publish_max;
  run.row_memory_directory = place.row_memory_directory;
  run.files = &ground.files;
  RETURN_IF_ERROR(Choose<bool>(connector.options, "mode", {{"append", false}, {"full", true}}, run.full));
  // Events have no snapshots: a file of theirs is read as ever, whatever the mode.
  options.full = run.full && entity;
  return std::make_unique<runner::SourceRunner>(
      std::move(run), file::NewFileSource(std::move(options), ground.files, ground.steps), place.exchange,
      place.scheduler, ground.clock, ground.random, ground.steps);
}

absl::StatusOr<std::unique_ptr<runner::SinkRunner>> NewSink(const catalog::Connector& connector,
                                                            const ConnectorPlace& place) {
  if (connector.kind != "file") return OfUnknownKind(connector);
  const Ground& ground = place.ground;
  file::FileSinkOptions options;
  if (const std::string* directory = Find(connector.options, "directory")) options.directory = *directory;
  if (const std::string* encoding = Find(connector.options, "encoding")) options.encoding = *encoding;
  RETURN_IF_ERROR(Choose<file::Format>(
      connector.options, "format", {{"csv", file::Format::kCsv}, {"jsonl", file::Format::kJsonLines}}, options.format));
  RETURN_IF_ERROR(Choose<file::SinkForm>(connector.options, "form",
                                         {{"changes", file::SinkForm::kChanges}, {"state", file::SinkForm::kState}},
                                         options.form));
  RETURN_IF_ERROR(Choose<bool>(connector.options, "bom", {{"true", true}, {"false", false}}, options.byte_order_mark));
  runner::SinkRunnerOptions run;
  run.subscription = connector.subscription;
  run.records_per_write_max = ground.limits.records_per_write_max;
  return std::make_unique<runner::SinkRunner>(
      std::move(run), file::NewFileSink(std::move(options), ground.files, ground.steps), place.exchange,
      place.scheduler, ground.clock, ground.random, ground.steps);
}

}  // namespace datong::cli
