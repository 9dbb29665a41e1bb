// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/message_codec.h"

#include <cstdint>

#include "broker_adapters/kafka/message_limits.h"

namespace datong::kafka {
namespace {
constexpr std::string_view kMagic = "DTKE";
constexpr uint8_t kVersion = 1;
}  // namespace

std::string EncodeEnvelope(std::string_view envelope) {
  std::string value;
  value.reserve(kMagic.size() + 1 + envelope.size());
  value.append(kMagic).push_back(static_cast<char>(kVersion));
  return value.append(envelope);
}

std::string DecodeEnvelope(std::string_view header_value) {
  if (header_value.size() <= kMagic.size() || header_value.substr(0, kMagic.size()) != kMagic) return "";
  if (static_cast<uint8_t>(header_value[kMagic.size()]) != kVersion) return "";
  const std::string_view envelope = header_value.substr(kMagic.size() + 1);
  return envelope.size() > kEnvelopeBytesMax ? "" : std::string(envelope);
}

}  // namespace datong::kafka
