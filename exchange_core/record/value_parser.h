// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchange_core/record/record_schema.h"

namespace datong::record {

// A value ready for the wire. Numbers: int64, date (days) and timestamp (microseconds) as two's complement, bool 0 or
// 1, double as its bits. Text and bytes: a view into the parsed text or into the scratch it was parsed with.
struct ParsedValue {
  uint64_t number = 0;
  std::string_view bytes;
};

enum class ParseOutcome : uint8_t { kOk, kWrongType, kNotUtf8 };

// Strict: nothing is trimmed, guessed or rolled over. Forms taken:
//   int64      optional sign, digits
//   double     decimal or scientific; no infinity, no NaN; -0 becomes 0
//   bool       true false 1 0 是 否
//   date       yyyyMMdd, yyyy-MM-dd, yyyy/M/d, yyyy年M月d日; years 0001-9999
//   timestamp  RFC 3339, or `yyyy-MM-dd HH:mm:ss[.ffffff]` without a zone, which is taken as UTC. Digits behind the
//              microseconds must be zeros
//   decimal    optional sign, digits, optional point and fraction (".5" is 0.5); made canonical: no plus, no leading
//   zeros, no
//              trailing zeros of the fraction, no negative zero
//   bytes      hexadecimal digits, two per byte
// `scratch` is overwritten where the value has to be rewritten.
ParseOutcome ParseValue(ItemType type, std::string_view text, std::string& scratch, ParsedValue& into);

// What ParseValue expects, in words: "a date (yyyyMMdd, yyyy-MM-dd, ...)".
std::string_view ExpectedForm(ItemType type);

}  // namespace datong::record
