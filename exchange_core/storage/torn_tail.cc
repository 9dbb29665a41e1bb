// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/torn_tail.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/crc32c.h"

namespace datong::storage {
namespace {

// The layout of a log: blocks of 32 KiB; in them fragments of records, each checksum:u32 length:u16 type:u8 payload,
// and zeros where no header fits any more.
constexpr uint64_t kBlockBytes = 32768;
constexpr uint64_t kHeaderBytes = 7;
constexpr uint64_t kTypeOffset = 6;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kLogBytesMax = uint64_t{1} << 30;
constexpr uint64_t kCurrentBytesMax = 4096;

uint64_t LeftInBlock(uint64_t at) { return kBlockBytes - at % kBlockBytes; }

struct Header {
  uint32_t checksum = 0;
  uint64_t length = 0;
  uint8_t type = 0;
};

// There are kHeaderBytes at `at`.
Header HeaderAt(std::string_view log, uint64_t at) {
  Header header;
  uint16_t length = 0;
  std::memcpy(&header.checksum, log.data() + at, sizeof header.checksum);
  std::memcpy(&length, log.data() + at + sizeof header.checksum, sizeof length);
  header.length = length;
  header.type = static_cast<uint8_t>(log[at + kTypeOffset]);
  return header;
}

// Stored checksums are turned and shifted, so that a log which holds logs does not hold their checksums as well.
bool ChecksumHolds(std::string_view log, uint64_t at, uint32_t stored, uint64_t length) {
  const uint32_t crc = Crc32c(log.substr(at + kTypeOffset, 1 + length));
  return stored == ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::optional<Header> IntactFragmentAt(std::string_view log, uint64_t at) {
  const uint64_t left = std::min<uint64_t>(LeftInBlock(at), log.size() - at);
  if (left < kHeaderBytes) return std::nullopt;
  const Header header = HeaderAt(log, at);
  if (header.type < kFull || header.type > kLast || header.length > left - kHeaderBytes) return std::nullopt;
  if (!ChecksumHolds(log, at, header.checksum, header.length)) return std::nullopt;
  return header;
}

// Byte by byte: where a length is damaged, nobody knows where the next record begins.
bool RecordBeginsBehind(std::string_view log, uint64_t at) {
  for (uint64_t next = at + 1; next + kHeaderBytes <= log.size(); ++next) {
    const auto type = static_cast<uint8_t>(log[next + kTypeOffset]);
    if ((type == kFull || type == kFirst) && IntactFragmentAt(log, next)) return true;
  }
  return false;
}

bool SectorIsMissing(std::string_view log, uint64_t record_begins) {
  for (uint64_t begins = record_begins; begins < log.size();) {
    const uint64_t ends = std::min<uint64_t>((begins / kSectorBytes + 1) * kSectorBytes, log.size());
    if (log.substr(begins, ends - begins).find_first_not_of('\0') == std::string_view::npos) return true;
    begins = ends;
  }
  return false;
}

// The fragment reaches past the end of the file. Not if only its length says so: then its checksum holds for what is
// there.
bool CutShort(std::string_view log, uint64_t at) {
  const uint64_t left = log.size() - at;
  if (left < kHeaderBytes) return true;
  const Header header = HeaderAt(log, at);
  if (header.type < kFull || header.type > kLast || header.length <= left - kHeaderBytes) return false;
  return header.length <= LeftInBlock(at) - kHeaderBytes &&
         !ChecksumHolds(log, at, header.checksum, left - kHeaderBytes);
}

// Nothing holds from `at` on, inside the record that begins at `record_begins`.
LogTail Judge(std::string_view log, uint64_t record_begins, uint64_t at) {
  const bool unfinished = CutShort(log, at) || SectorIsMissing(log, record_begins);
  const bool torn = unfinished && !RecordBeginsBehind(log, at);
  return {torn ? LogTail::Kind::kTorn : LogTail::Kind::kDamaged, record_begins};
}

struct LogFile {
  std::string path;
  uint64_t bytes = 0;
  LogTail tail;
};

absl::StatusOr<LogFile> Examine(base::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, base::ReadWholeFile(files, path, kLogBytesMax));
  LogFile log{path, content.size(), ReadLogTail(content)};
  if (log.tail.kind != LogTail::Kind::kDamaged) return log;
  return absl::DataLossError(absl::StrCat(path, ", offset ", log.tail.at, ": damaged: a record of ",
                                          content.size() - log.tail.at,
                                          " bytes or less does not hold, and no power "
                                          "cut explains it. Restore the directory from a backup"));
}

// NotFound where nothing was made yet: no folder, no CURRENT. A CURRENT that names something strange is for RocksDB to
// refuse.
absl::StatusOr<std::string> ManifestPath(base::FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(std::string name, base::ReadWholeFile(files, absl::StrCat(directory, "/CURRENT"), kCurrentBytesMax));
  while (!name.empty() && name.back() == '\n') name.pop_back();
  if (name.rfind("MANIFEST-", 0) != 0 || name.find('/') != std::string::npos) return absl::NotFoundError(name);
  return absl::StrCat(directory, "/", name);
}

absl::StatusOr<std::vector<std::string>> LogsYoungestFirst(base::FileSystem& files, const std::string& directory) {
  auto names = files.List(directory);
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  if (!names.ok()) return names.status();
  std::vector<std::string> logs;
  for (const std::string& name : *names) {
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".log") == 0) logs.push_back(name);
  }
  // Numbers have six digits, and more when they need them.
  std::sort(logs.begin(), logs.end(), [](const std::string& left, const std::string& right) {
    return std::pair(left.size(), left) > std::pair(right.size(), right);
  });
  return logs;
}

// What a process that died had written is read here and about to be relied on: rows are made of it, and the log is
// removed. A power cut that brought the log back without its last bytes would then show a torn log with younger ones
// behind it, which is what damage looks like. So it is made safe first.
absl::Status CutAndSync(base::FileSystem& files, const LogFile& log) {
  if (log.tail.kind == LogTail::Kind::kTorn) RETURN_IF_ERROR(files.Truncate(log.path, log.tail.at));
  ASSIGN_OR_RETURN(auto file, files.OpenAppend(log.path));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

LogTail ReadLogTail(std::string_view log) {
  uint64_t at = 0;
  std::optional<uint64_t> begun;  // where the record began of which the last fragment has not been seen
  while (at < log.size()) {
    if (LeftInBlock(at) < kHeaderBytes) {
      at += LeftInBlock(at);
      continue;
    }
    const auto header = IntactFragmentAt(log, at);
    if (!header) return Judge(log, begun.value_or(at), at);
    const bool begins = header->type == kFull || header->type == kFirst;
    if (begins == begun.has_value()) return {LogTail::Kind::kDamaged, begun.value_or(at)};
    if (header->type == kFirst) begun = at;
    if (header->type == kLast) begun.reset();
    at += kHeaderBytes + header->length;
  }
  if (begun) return {LogTail::Kind::kTorn, *begun};
  return {LogTail::Kind::kWhole, log.size()};
}

absl::Status CutTornTails(base::FileSystem& files, const std::string& directory) {
  std::vector<LogFile> found;
  const auto manifest = ManifestPath(files, directory);
  if (manifest.ok()) {
    auto log = Examine(files, *manifest);
    // A missing MANIFEST is RocksDB's to tell.
    if (!log.ok() && !absl::IsNotFound(log.status())) return log.status();
    if (log.ok()) found.push_back(*std::move(log));
  } else if (!absl::IsNotFound(manifest.status())) {
    return manifest.status();
  }

  ASSIGN_OR_RETURN(const std::vector<std::string> names, LogsYoungestFirst(files, directory));
  std::string younger_with_records;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(LogFile log, Examine(files, absl::StrCat(directory, "/", name)));
    if (log.tail.kind == LogTail::Kind::kTorn && !younger_with_records.empty()) {
      return absl::DataLossError(absl::StrCat(log.path, ", offset ", log.tail.at,
                                              ": the last record is incomplete, but ", younger_with_records,
                                              " was written after it. Restore the directory from "
                                              "a backup"));
    }
    if (log.tail.at > 0) younger_with_records = name;
    found.push_back(std::move(log));
  }
  for (const LogFile& log : found) RETURN_IF_ERROR(CutAndSync(files, log));
  return absl::OkStatus();
}

}  // namespace datong::storage
