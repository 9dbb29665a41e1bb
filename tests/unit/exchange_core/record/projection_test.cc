// SPDX-License-Identifier: Apache-2.0
// A projection copies exactly the permitted fields, and neither it nor the wire walker reads past its input or takes
// bytes for a message that are none.
#include "exchange_core/record/projection.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

#include "exchange_core/record/wire_walker.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

const std::string kOne = "\x0a\x03one";                                 // field 1, bytes
const std::string kTwo = "\x10\x96\x01";                                // field 2, varint 150
const std::string kThree = std::string("\x19\0\0\0\0\0\0\xf0\x3f", 9);  // field 3, fixed64 1.0
const std::string kFour = "\x25\x01\x02\x03\x04";                       // field 4, fixed32
const std::string kFar = "\xf8\xff\xff\xff\x0f\x05";                    // field 2^29 - 1, varint 5

std::string Applied(const Projection& projection, std::string_view record) {
  std::string out = "kept|";
  if (!projection.Apply(record, out)) {
    CHECK(out == "kept|");
    return "malformed";
  }
  return out;
}

TEST_CASE("permitted fields pass, in the order and the bytes they have") {
  const std::string record = kTwo + kOne + kThree + kOne + kFour + kFar;
  CHECK(Applied(Projection::Everything(), record) == "kept|" + record);
  CHECK(Applied(Projection({1}), record) == "kept|" + kOne + kOne);
  CHECK(Applied(Projection({2, 1, 4}), record) == "kept|" + kTwo + kOne + kOne + kFour);
  CHECK(Applied(Projection({3, (1u << 29) - 1}), record) == "kept|" + kThree + kFar);
  CHECK(Applied(Projection({}), record) == "kept|");
  CHECK(Applied(Projection({9}), record) == "kept|");
  CHECK(Applied(Projection({1}), "") == "kept|");
  CHECK_FALSE(Projection({1}).passes_everything());
  CHECK(Projection({4095, 4096}).Passes(4095));
  CHECK(Projection({4095, 4096}).Passes(4096));
  CHECK_FALSE(Projection({4095, 4096}).Passes(4097));
}

TEST_CASE("the walker shows each field") {
  const std::string record = kOne + kTwo + kThree + kFour + kFar;
  WireWalker walk(record);
  REQUIRE(walk.Next());
  CHECK((walk.field_number() == 1 && walk.bytes() == "one" && walk.whole() == kOne));
  REQUIRE(walk.Next());
  CHECK((walk.wire_type() == WireWalker::WireType::kVarint && walk.number() == 150 && walk.bytes().empty()));
  REQUIRE(walk.Next());
  CHECK((walk.wire_type() == WireWalker::WireType::kFixed64 && walk.number() == 0x3ff0000000000000));
  REQUIRE(walk.Next());
  CHECK((walk.wire_type() == WireWalker::WireType::kFixed32 && walk.number() == 0x04030201));
  REQUIRE(walk.Next());
  CHECK((walk.field_number() == (1u << 29) - 1 && walk.number() == 5));
  CHECK_FALSE(walk.Next());
  CHECK(walk.ok());
}

TEST_CASE("malformed messages are refused") {
  const std::string malformed[] = {
      std::string("\x00\x01", 2),                          // field number 0
      "\x0b",                                              // group
      "\x0c",                                              // end of group
      "\x0f\x01",                                          // wire type 7
      "\x0a",                                              // no length
      "\x0a\x05oops",                                      // shorter than stated
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",      // length 2^64 - 1
      "\x10",                                              // no value
      "\x10\x80",                                          // varint without end
      "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",      // varint of 65 bits
      "\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",  // varint of 11 bytes
      std::string("\x19\0\0\0", 4),                        // fixed64 cut
      std::string("\x25\0\0\0", 4),                        // fixed32 cut
      "\x88\x80\x80\x80\x10\x01",                          // field number 2^29
  };
  for (const std::string& bytes : malformed) {
    CHECK(Applied(Projection::Everything(), kOne + bytes) == "malformed");
    CHECK(Applied(Projection({1}), kOne + bytes) == "malformed");
    CHECK_FALSE(FieldAsText(MakeItem("one", 1, ItemType::kString), kOne + bytes));
  }
}

TEST_CASE("no byte outside the message is read, whatever it says") {
  base::SeededRandom random(TestSeed("random messages"));
  const Projection some({1, 3, 5, 7, 5000});
  for (int round = 0; round < 20000; ++round) {
    const size_t size = random.Below(24);
    const auto block = std::make_unique<char[]>(size);
    for (size_t i = 0; i < size; ++i)
      block[i] = static_cast<char>(random.Below(2) == 0 ? random.Next() : random.Below(0x30));
    const std::string_view record(block.get(), size);
    std::string everything, part;
    const bool whole = Projection::Everything().Apply(record, everything);
    REQUIRE(some.Apply(record, part) == whole);
    if (whole) {
      REQUIRE(everything == record);
      std::string again;
      REQUIRE(some.Apply(part, again));
      REQUIRE(again == part);
    }
  }
}

TEST_CASE("values as text") {
  const auto text = [](ItemType type, const std::string& record) {
    return FieldAsText(MakeItem("x", 1, type), record).value_or("none");
  };
  CHECK(text(ItemType::kString,
             "\x0a\x01"
             "a\x0a\x01"
             "b") == "b");
  CHECK(text(ItemType::kString, "\x0a\x01\xff") == "none");
  CHECK(text(ItemType::kString, "\x08\x01") == "none");
  CHECK(text(ItemType::kInt64, "\x08\x03") == "-2");
  CHECK(text(ItemType::kBool, "\x08\x01") == "true");
  CHECK(text(ItemType::kBool, "\x08\x02") == "none");
  CHECK(text(ItemType::kDate, "\x08\x01") == "1969-12-31");
  CHECK(text(ItemType::kDate, "\x08\xff\xff\xff\xff\x7f") == "none");
  CHECK(text(ItemType::kTimestamp, "\x08\x01") == "1969-12-31T23:59:59.999999Z");
  CHECK(text(ItemType::kTimestamp, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") == "none");
  CHECK(text(ItemType::kBytes, "\x0a\x02\xff\x01") == "ff01");
  CHECK(text(ItemType::kBytes, "") == "none");
}

}  // namespace
}  // namespace datong::record
