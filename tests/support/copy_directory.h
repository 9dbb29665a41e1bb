// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace datong::tests {

// Copies a folder somebody may be working in: what a process killed at this moment would leave. Files come and go in
// the background of a row store, so a copy during which anything changed is thrown away and made again.
inline void CopyDirectory(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  const auto seen = [&] {
    std::map<std::string, uint64_t> sizes;
    std::error_code vanished;
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      sizes[entry.path().string()] = entry.is_regular_file(vanished) ? entry.file_size(vanished) : 0;
    }
    return sizes;
  };
  for (;;) {
    std::error_code failed;
    const auto before = seen();
    fs::remove_all(to, failed);
    fs::copy(from, to, fs::copy_options::recursive, failed);
    if (!failed && seen() == before) return;
  }
}

}  // namespace datong::tests
