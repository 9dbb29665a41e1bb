// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchange_core/record/record_schema.h"
#include "exchange_core/record/wire_walker.h"

// Between the wire form of a value and its one canonical text: what keys digest and people see.
namespace datong::record {

WireWalker::WireType WireTypeOf(ItemType type);

// The number of a wire varint or fixed64 as value_parser.h's ParsedValue::number has it (zigzag undone).
uint64_t NumberFromWire(ItemType type, uint64_t wire);
uint64_t NumberToWire(ItemType type, uint64_t number);

// `number` or `bytes`, whichever the type uses. Views `bytes` or `scratch`, which is overwritten.
// nullopt: a date or time outside the years 0001-9999, a bool that is neither, text that is not UTF-8.
std::optional<std::string_view> ValueText(ItemType type, uint64_t number, std::string_view bytes, std::string& scratch);

}  // namespace datong::record
