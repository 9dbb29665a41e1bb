// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/closing_seal.h"

#include <absl/strings/str_cat.h>
#include <xxhash.h>

#include <vector>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"

namespace datong::embedded {
namespace {

constexpr char kSealMagic[5] = "DTSC";
constexpr uint16_t kSealVersion = 1;
constexpr uint64_t kSealedFileBytesMax = uint64_t{1} << 30;
constexpr uint64_t kSealBytesMax = uint64_t{1} << 20;

bool Sealed(std::string_view name) {
  return name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".log");
}

struct Fingerprint {
  uint64_t size = 0;
  uint64_t checksum = 0;
};

absl::StatusOr<Fingerprint> FingerprintOf(base::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, base::ReadWholeFile(files, path, kSealedFileBytesMax));
  return Fingerprint{content.size(), XXH3_64bits(content.data(), content.size())};
}

}  // namespace

// frame "DTSC" | files:varint | per file: name:bytes size:u64 checksum:u64 | checksum of all before it:u64
absl::Status WriteClosingSeal(base::FileSystem& files, const std::string& path, const std::string& rows_directory) {
  // A log begun and never written to has a name that nothing made safe yet, and the seal is about to.
  RETURN_IF_ERROR(files.SyncDirectory(rows_directory));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(rows_directory));
  std::string listed;
  uint64_t count = 0;
  for (const std::string& name : names) {
    if (!Sealed(name)) continue;
    ASSIGN_OR_RETURN(const Fingerprint print, FingerprintOf(files, absl::StrCat(rows_directory, "/", name)));
    base::PutBytes(listed, name);
    base::PutFixed(listed, print.size);
    base::PutFixed(listed, print.checksum);
    ++count;
  }
  std::string body;
  base::PutVarint(body, count);
  std::string seal = base::Frame(kSealMagic, kSealVersion, body + listed);
  base::PutFixed(seal, static_cast<uint64_t>(XXH3_64bits(seal.data(), seal.size())));
  return base::WriteWholeFileAtomically(files, path, seal);
}

absl::Status CheckClosingSeal(base::FileSystem& files, const std::string& path, const std::string& rows_directory) {
  auto seal = base::ReadWholeFile(files, path, kSealBytesMax);
  if (absl::IsNotFound(seal.status())) return absl::OkStatus();
  if (!seal.ok()) return seal.status();
  const auto body = base::Unframe(kSealMagic, kSealVersion, "closing seal", *seal);
  if (absl::IsUnimplemented(body.status())) {
    return absl::UnimplementedError(absl::StrCat(path, ", offset 0: ", body.status().message()));
  }
  uint64_t stored = 0;
  const size_t sealed_bytes = seal->size() < sizeof stored ? 0 : seal->size() - sizeof stored;
  std::memcpy(&stored, seal->data() + sealed_bytes, seal->size() - sealed_bytes);
  if (!body.ok() || stored != XXH3_64bits(seal->data(), sealed_bytes)) {
    return absl::DataLossError(absl::StrCat(path,
                                            ", offset 0: the seal of the last orderly end is damaged. Restore the "
                                            "directory, or remove this file to start as "
                                            "after a crash"));
  }
  base::ByteReader reader(*body);
  for (uint64_t left = reader.Varint(); left > 0 && reader.ok(); --left) {
    const std::string file = absl::StrCat(rows_directory, "/", base::Absl(reader.Bytes()));
    const auto size = reader.Fixed<uint64_t>();
    const auto checksum = reader.Fixed<uint64_t>();
    const auto print = FingerprintOf(files, file);
    if (absl::IsNotFound(print.status())) {
      return absl::DataLossError(absl::StrCat(file, ", offset 0: missing. Restore the directory from a backup"));
    }
    if (!print.ok()) return print.status();
    if (print->size != size || print->checksum != checksum) {
      return absl::DataLossError(absl::StrCat(file, ", offset 0 to ", print->size,
                                              ": differs from what the last orderly end left (", size,
                                              " bytes). Restore the directory from a backup"));
    }
  }
  return absl::OkStatus();
}

}  // namespace datong::embedded
