// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "exchange_core/base/random.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::storage {

inline RowStore Opened(const RowStoreOptions& options) {
  auto opened = OpenRowStore(options);
  INFO(opened.status().ToString());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

// Without a zero byte in it, so that only a hole reads as one.
inline std::string Value(uint64_t number, size_t bytes) {
  base::SeededRandom random(number);
  std::string value(bytes, '\0');
  for (char& byte : value) byte = static_cast<char>(1 + random.Below(255));
  return value;
}

inline std::string Key(uint64_t number) { return "row-" + std::to_string(number); }

// Survives the process, not the machine; quick.
inline absl::Status Put(rocksdb::DB& rows, uint64_t number, size_t bytes) {
  return FromRocksDb(rows.Put(rocksdb::WriteOptions(), Key(number), Value(number, bytes)), "rows");
}

inline absl::Status PutSynced(rocksdb::DB& rows, uint64_t number, size_t bytes) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocksDb(rows.Put(options, Key(number), Value(number, bytes)), "rows");
}

inline bool Holds(rocksdb::DB& rows, uint64_t number, size_t bytes) {
  std::string value;
  return rows.Get(rocksdb::ReadOptions(), Key(number), &value).ok() && value == Value(number, bytes);
}

inline std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void Overwrite(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// By name, with their content.
inline std::map<std::string, std::string> FilesIn(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    files[entry.path().filename()] = ContentOf(entry.path());
  }
  return files;
}

// A folder that holds just these files.
inline void Restore(const std::string& directory, const std::map<std::string, std::string>& files) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  for (const auto& [name, content] : files) Overwrite(directory + "/" + name, content);
}

inline std::string NameWith(const std::map<std::string, std::string>& files, std::string_view part) {
  std::string found;
  for (const auto& [name, content] : files) {
    if (name.find(part) != std::string::npos) found = name;  // the youngest of them
  }
  REQUIRE(!found.empty());
  return found;
}

}  // namespace datong::storage
