// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/value_text.h"

#include <bit>
#include <charconv>
#include <chrono>

#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/utf8.h"

namespace datong::record {
namespace {

constexpr int64_t kFirstDay = -719162;  // 0001-01-01
constexpr int64_t kLastDay = 2932896;   // 9999-12-31
constexpr int64_t kMicrosPerDay = 86'400'000'000;

void AppendPadded(std::string& out, uint64_t value, int digits) {
  char buffer[20];
  for (int i = digits; i-- > 0; value /= 10) buffer[i] = static_cast<char>('0' + value % 10);
  out.append(buffer, static_cast<size_t>(digits));
}

void AppendDate(std::string& out, int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  AppendPadded(out, static_cast<uint64_t>(static_cast<int>(date.year())), 4);
  out.push_back('-');
  AppendPadded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  AppendPadded(out, static_cast<unsigned>(date.day()), 2);
}

void AppendTimestamp(std::string& out, int64_t days, uint64_t micros_of_day) {
  AppendDate(out, days);
  const uint64_t seconds = micros_of_day / 1'000'000;
  out.push_back('T');
  AppendPadded(out, seconds / 3600, 2);
  out.push_back(':');
  AppendPadded(out, seconds / 60 % 60, 2);
  out.push_back(':');
  AppendPadded(out, seconds % 60, 2);
  out.push_back('.');
  AppendPadded(out, micros_of_day % 1'000'000, 6);
  out.push_back('Z');
}

template <typename T>
void AppendNumber(std::string& out, T value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, static_cast<size_t>(result.ptr - buffer));
}

void AppendHex(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
    out.push_back(kHex[static_cast<uint8_t>(c) & 15]);
  }
}

bool IsZigZag(ItemType type) {
  return type == ItemType::kInt64 || type == ItemType::kDate || type == ItemType::kTimestamp;
}

}  // namespace

WireWalker::WireType WireTypeOf(ItemType type) {
  switch (type) {
    case ItemType::kString:
    case ItemType::kDecimal:
    case ItemType::kBytes:
      return WireWalker::WireType::kBytes;
    case ItemType::kDouble:
      return WireWalker::WireType::kFixed64;
    case ItemType::kInt64:
    case ItemType::kBool:
    case ItemType::kDate:
    case ItemType::kTimestamp:
      break;
  }
  return WireWalker::WireType::kVarint;
}

uint64_t NumberFromWire(ItemType type, uint64_t wire) {
  return IsZigZag(type) ? static_cast<uint64_t>(base::UnZigZag(wire)) : wire;
}

uint64_t NumberToWire(ItemType type, uint64_t number) {
  return IsZigZag(type) ? base::ZigZag(static_cast<int64_t>(number)) : number;
}

std::optional<std::string_view> ValueText(ItemType type, uint64_t number, std::string_view bytes,
                                          std::string& scratch) {
  const auto value = static_cast<int64_t>(number);
  scratch.clear();
  switch (type) {
    case ItemType::kString:
    case ItemType::kDecimal:
      if (!base::IsValidUtf8(bytes)) return std::nullopt;
      return bytes;
    case ItemType::kBytes:
      AppendHex(scratch, bytes);
      return scratch;
    case ItemType::kInt64:
      AppendNumber(scratch, value);
      return scratch;
    case ItemType::kDouble:
      AppendNumber(scratch, std::bit_cast<double>(number));
      return scratch;
    case ItemType::kBool:
      if (number > 1) return std::nullopt;
      return number == 1 ? std::string_view("true") : std::string_view("false");
    case ItemType::kDate:
      if (value < kFirstDay || value > kLastDay) return std::nullopt;
      AppendDate(scratch, value);
      return scratch;
    case ItemType::kTimestamp: {
      int64_t days = value / kMicrosPerDay;
      int64_t micros = value % kMicrosPerDay;
      if (micros < 0) {
        micros += kMicrosPerDay;
        --days;
      }
      if (days < kFirstDay || days > kLastDay) return std::nullopt;
      AppendTimestamp(scratch, days, static_cast<uint64_t>(micros));
      return scratch;
    }
  }
  return std::nullopt;
}

}  // namespace datong::record
