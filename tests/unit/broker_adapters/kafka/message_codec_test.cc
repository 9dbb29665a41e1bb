// SPDX-License-Identifier: Apache-2.0
// An envelope survives its record header, and a header that is not ours is no envelope and stops no reader.
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
    CHECK(DecodeEnvelope(EncodeEnvelope(envelope)) == envelope);
  }
}

TEST_CASE("a header that is not ours is no envelope") {
  for (const char* foreign : {"", "D", "DTK", "DTKE", "datong", "{\"traceparent\":1}"}) {
    CHECK(DecodeEnvelope(foreign).empty());
  }
}

TEST_CASE("a version nobody knows and more than an envelope may have are no envelopes: anybody can write them") {
  CHECK(DecodeEnvelope("DTKE\x02words").empty());
  CHECK(DecodeEnvelope(EncodeEnvelope(std::string(size_t{1} << 20, 'e'))).size() == size_t{1} << 20);
  CHECK(DecodeEnvelope(EncodeEnvelope(std::string((size_t{1} << 20) + 1, 'e'))).empty());
}

}  // namespace
}  // namespace datong::kafka
