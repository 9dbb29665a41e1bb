// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/frame.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/little_endian.h"

namespace datong::base {
namespace {

constexpr size_t kMagicBytes = 4;

// What was found instead of the magic: readable when it is text, hex digits otherwise.
std::string Shown(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool text = true;
  for (const char c : bytes) text = text && c >= 0x20 && c < 0x7f;
  if (text) return absl::StrCat("\"", Absl(bytes), "\"");
  std::string hex = "0x";
  for (const char c : bytes) {
    hex.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
    hex.push_back(kHex[static_cast<uint8_t>(c) & 15]);
  }
  return hex;
}

}  // namespace

std::string Frame(const char (&magic)[5], uint16_t version, std::string_view body) {
  std::string out;
  out.reserve(kFrameBytes + body.size());
  out.append(magic, kMagicBytes);
  PutFixed(out, version);
  PutFixed(out, uint16_t{0});
  out.append(body);
  return out;
}

absl::StatusOr<std::string_view> Unframe(const char (&magic)[5], uint16_t version, std::string_view what,
                                         std::string_view bytes) {
  const std::string_view expected(magic, kMagicBytes);
  if (bytes.size() < kFrameBytes) {
    return absl::InvalidArgumentError(absl::StrCat("not a ", Absl(what), ": ", bytes.size(),
                                                   " bytes, but it starts with ", kFrameBytes, " bytes of frame"));
  }
  if (bytes.substr(0, kMagicBytes) != expected) {
    return absl::InvalidArgumentError(absl::StrCat("not a ", Absl(what), ": starts with ",
                                                   Shown(bytes.substr(0, kMagicBytes)), " instead of \"",
                                                   Absl(expected), "\""));
  }
  ByteReader reader(bytes.substr(kMagicBytes));
  const auto found = reader.Fixed<uint16_t>();
  const auto reserved = reader.Fixed<uint16_t>();
  if (found != version) {
    return absl::UnimplementedError(absl::StrCat(Absl(what), " has format version ", found,
                                                 "; this program knows version ", version,
                                                 ". Use the program version that wrote it"));
  }
  // The reserved bytes are how a later program says "you must understand more than the version to read me".
  if (reserved != 0) {
    return absl::UnimplementedError(absl::StrCat(Absl(what), " of format version ", found, " uses the reserved value ",
                                                 reserved, ", which this program does not know"));
  }
  return bytes.substr(kFrameBytes);
}

}  // namespace datong::base
