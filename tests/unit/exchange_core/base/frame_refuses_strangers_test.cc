// SPDX-License-Identifier: Apache-2.0
// A frame gives back its body, and whatever else is found is refused by name; integers read never pass their input.
#include <catch2/catch.hpp>
#include <string>

#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"

namespace datong::base {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a frame gives back its body") {
  const std::string framed = Frame("DTXX", 3, "body");
  CHECK(framed.size() == kFrameBytes + 4);
  CHECK(Unframe("DTXX", 3, "thing", framed).value() == "body");
  CHECK(Unframe("DTXX", 3, "thing", Frame("DTXX", 3, "")).value().empty());
}

TEST_CASE("another magic, another version, reserved bits and a short input are refused by name") {
  const std::string framed = Frame("DTXX", 3, "body");
  const auto magic = Unframe("DTYY", 3, "ledger entry", framed).status();
  CHECK(absl::IsInvalidArgument(magic));
  CHECK_THAT(std::string(magic.message()), Contains("ledger entry") && Contains("DTXX") && Contains("DTYY"));
  const auto version = Unframe("DTXX", 2, "ledger entry", framed).status();
  CHECK(absl::IsUnimplemented(version));
  CHECK_THAT(std::string(version.message()), Contains("version 3") && Contains("version 2"));
  CHECK(absl::IsInvalidArgument(Unframe("DTXX", 3, "thing", framed.substr(0, 7)).status()));
  std::string reserved = framed;
  reserved[6] = 1;
  CHECK(absl::IsUnimplemented(Unframe("DTXX", 3, "thing", reserved).status()));
  CHECK_THAT(std::string(Unframe("DTXX", 3, "thing", std::string("\0\1\2\3\4\5\6\7", 8)).status().message()),
             Contains("0x00010203"));
}

TEST_CASE("varints keep every size of number, and a reader fails for good at the end of its input") {
  const uint64_t values[] = {0, 1, 127, 128, 300, uint64_t{1} << 35, ~uint64_t{0}};
  std::string out;
  for (const uint64_t value : values) PutVarint(out, value);
  PutBytes(out, "tail");
  ByteReader reader(out);
  for (const uint64_t value : values) CHECK(reader.Varint() == value);
  CHECK(reader.Bytes() == "tail");
  CHECK(reader.ok());
  reader.Fixed<uint32_t>();
  CHECK_FALSE(reader.ok());
  for (const int64_t value : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX}) CHECK(UnZigZag(ZigZag(value)) == value);
  ByteReader too_long(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  too_long.Varint();
  CHECK_FALSE(too_long.ok());
  ByteReader lying(
      std::string_view("\x7f"
                       "abc",
                       4));
  CHECK(lying.Bytes().empty());
  CHECK_FALSE(lying.ok());
}

}  // namespace
}  // namespace datong::base
