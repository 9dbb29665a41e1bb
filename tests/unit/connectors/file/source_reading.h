// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/file_source.h"
#include "exchange_core/base/file_system.h"
#include "tests/support/source_path.h"

// What the tests of the file source share: write a file, read all of it, compare rows.
namespace datong::file {

struct ReadRow {
  uint64_t number = 0;
  std::string unreadable;  // reason, "" = a row
  std::string raw;         // of an unreadable row
  std::vector<std::optional<std::string>> values;
  std::string position;  // after the Read that gave the row
  friend bool operator==(const ReadRow& a, const ReadRow& b) {
    return a.number == b.number && a.unreadable == b.unreadable && a.raw == b.raw && a.values == b.values;
  }
};

struct ReadFile {
  std::vector<sdk::Unit> units;
  std::vector<std::string> identities;  // of units that ended, as told at the end
  std::vector<ReadRow> rows;
  std::string failure;      // of the last unit that failed
  size_t complete = 0;      // units
  std::string status_code;  // of a Read or Open that failed
  std::string status_text;
  std::string position;
  std::vector<std::string> unknown;
};

inline ReadFile ReadAll(FileSourceOptions options, const std::string& position = "",
                        base::FileSystem& files = base::PosixFileSystem()) {
  ReadFile all;
  const auto source = NewFileSource(std::move(options), files);
  const auto failed = [&all](const sdk::Status& status) {
    all.status_code = status.code();
    all.status_text = status.message() + " / " + status.hint();
    return all;
  };
  if (const sdk::Status opened = source->Open(position); !opened.ok()) return failed(opened);
  sdk::SourceRead read;
  for (int idle = 0; idle < 1;) {
    read.Clear();
    if (const sdk::Status status = source->Read(read); !status.ok()) return failed(status);
    if (read.unit_begun) all.units.push_back(*read.unit_begun);
    for (size_t row = 0; row < read.rows.rows(); ++row) {
      ReadRow& to = all.rows.emplace_back();
      to.number = read.rows.row_number(row);
      to.position = read.position;
      if (const auto* unreadable = read.rows.unreadable(row)) {
        to.unreadable = unreadable->reason;
        to.raw = read.rows.raw(row);
      }
      for (size_t i = 0; i < read.rows.width(row); ++i) {
        const auto value = read.rows.value(row, i);
        to.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
      }
    }
    all.unknown.insert(all.unknown.end(), read.unknown_columns.begin(), read.unknown_columns.end());
    if (read.unit_ended) ++all.complete;
    if (read.unit_ended || !read.unit_failure.empty()) all.identities.push_back(read.identity);
    if (!read.unit_failure.empty()) all.failure = read.unit_failure;
    all.position = read.position;
    if (read.exhausted || read.idle_ms > 0) ++idle;
  }
  return all;
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The shared real data, or "" (and a line saying what is skipped) where it is absent.
inline std::string SharedData(const std::string& below) {
  const std::string path = tests::SourcePath("../shared/data/") + below;
  if (std::filesystem::exists(path)) return path;
  std::printf("SKIPPED: %s is not here\n", path.c_str());
  return "";
}

inline uint64_t TestSeed(uint64_t otherwise) {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
  std::printf("DATONG_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace datong::file
