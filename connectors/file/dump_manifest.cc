// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/dump_manifest.h"

#include <absl/status/statusor.h>

#include <algorithm>
#include <charconv>

#include "connectors/file/dump_moment.h"
#include "connectors/file/world_status.h"

namespace datong::file {
namespace {

constexpr uint64_t kManifestBytesMax = 64u << 10;
constexpr size_t kSha256HexBytes = 64;
constexpr size_t kShownBytesMax = 80;
constexpr const char kSha256Ending[] = ".sha256", kCountEnding[] = ".count", kAsOfEnding[] = ".as_of";

// Without what editors leave around a line.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF", kBlank = " \t\r\n";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// What `path` says; Fail no_manifest when it is missing or empty.
sdk::Status ReadPart(base::FileSystem& files, const std::string& path, std::string& into) {
  const absl::StatusOr<bool> exists = files.Exists(path);
  if (!exists.ok()) return FromWorld(exists.status());
  if (*exists) {
    const absl::StatusOr<std::string> content = base::ReadWholeFile(files, path, kManifestBytesMax);
    if (!content.ok()) return FromWorld(content.status());
    into = Trimmed(*content);
    if (!into.empty()) return sdk::Status::Ok();
  }
  return sdk::Status::Fail("no_manifest", path + (*exists ? " is empty" : " is declared and not there"),
                           "write it when the dump is complete, or take it out of 'manifest'");
}

sdk::Status Bad(const std::string& path, const std::string& content, const std::string& expected) {
  return sdk::Status::Fail("bad_manifest", path + " holds \"" + content.substr(0, kShownBytesMax) + "\"",
                           "write " + expected + " into it");
}

sdk::Status TakeSha256(const std::string& path, const std::string& content, Manifest& into) {
  std::string hex = content.substr(0, content.find_first_of(" \t\r\n"));
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (hex.size() != kSha256HexBytes || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Bad(path, content, "the 64 hex digits of the dump's SHA-256, as sha256sum does,");
  }
  into.sha256 = std::move(hex);
  return sdk::Status::Ok();
}

sdk::Status TakeCount(const std::string& path, const std::string& content, Manifest& into) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(content.data(), content.data() + content.size(), count);
  if (error != std::errc() || end != content.data() + content.size()) {
    return Bad(path, content, "the number of rows in plain digits");
  }
  into.count = count;
  return sdk::Status::Ok();
}

sdk::Status TakeAsOf(const std::string& path, const std::string& content, Manifest& into) {
  const std::optional<int64_t> moment = MomentFromText(content);
  if (!moment) return Bad(path, content, "a date or a moment, such as 2022-03-11 or 2022-03-11T18:30:00+08:00,");
  into.as_of_us = *moment;
  return sdk::Status::Ok();
}

}  // namespace

sdk::Status ReadManifest(base::FileSystem& files, const std::string& path, ManifestParts parts, Manifest& into) {
  into = Manifest();
  const auto take = [&](bool declared, const char* ending, auto take_content) {
    if (!declared) return sdk::Status::Ok();
    std::string content;
    const sdk::Status read = ReadPart(files, path + ending, content);
    return read.ok() ? take_content(path + ending, content, into) : read;
  };
  if (const sdk::Status taken = take(parts.sha256, kSha256Ending, TakeSha256); !taken.ok()) return taken;
  if (const sdk::Status taken = take(parts.count, kCountEnding, TakeCount); !taken.ok()) return taken;
  return take(parts.as_of, kAsOfEnding, TakeAsOf);
}

bool IsManifestName(ManifestParts parts, std::string_view name) {
  return (parts.sha256 && name.ends_with(kSha256Ending)) || (parts.count && name.ends_with(kCountEnding)) ||
         (parts.as_of && name.ends_with(kAsOfEnding));
}

}  // namespace datong::file
