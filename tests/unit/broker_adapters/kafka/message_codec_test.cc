// SPDX-License-Identifier: Apache-2.0
// An envelope survives its record header, a foreign header is no envelope, and an unknown version is refused by name.
#include "broker_adapters/kafka/message_codec.h"

#include <catch2/catch.hpp>

namespace datong::kafka {
namespace {

TEST_CASE("the header's bytes never change silently") {
  CHECK(EncodeEnvelope("words") == std::string("DTKE\x01words"));
  CHECK(EncodeEnvelope("") == std::string("DTKE\x01"));
}

TEST_CASE("every envelope comes back as it went") {
  for (const std::string& envelope :
       {std::string(), std::string("e"), std::string("\0\x01 DTKE\xff", 8), std::string(100'000, 'e')}) {
    CHECK(DecodeEnvelope(EncodeEnvelope(envelope)).value() == envelope);
  }
}

TEST_CASE("a header that is not ours is no envelope") {
  for (const char* foreign : {"", "D", "DTK", "DTKE", "datong", "{\"traceparent\":1}"}) {
    CHECK(DecodeEnvelope(foreign).value().empty());
  }
}

TEST_CASE("an envelope of an unknown version is refused by name") {
  const auto refused = DecodeEnvelope("DTKE\x02words").status();
  CHECK(absl::IsUnimplemented(refused));
  CHECK(std::string(refused.message()).find("version 2") != std::string::npos);
}

}  // namespace
}  // namespace datong::kafka
