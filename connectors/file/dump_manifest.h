// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/sdk/status.h"
#include "exchange_core/base/file_system.h"

// What a department states about a file in small files beside it.
namespace datong::file {

// Which of them are declared to be there.
struct ManifestParts {
  bool sha256 = false;  // <name>.sha256: the digest of the file as stored, in hex; sha256sum's line will do
  bool count = false;   // <name>.count: how many rows it holds, header and trailer not counted
  bool as_of = false;   // <name>.as_of: the moment it speaks of (dump_moment.h)
  bool any() const { return sha256 || count || as_of; }
};

struct Manifest {
  std::string sha256;  // lower-case hex; "" = not declared
  std::optional<uint64_t> count;
  int64_t as_of_us = 0;  // 0 = not declared
};

// Fail: no_manifest (a declared part is missing or still empty), bad_manifest (it says nothing that can be understood).
// Retry: the disk did not answer.
sdk::Status ReadManifest(base::FileSystem& files, const std::string& path, ManifestParts parts, Manifest& into);

// Whether a name found in a folder is such a part rather than a file to read.
bool IsManifestName(ManifestParts parts, std::string_view name);

}  // namespace datong::file
