// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/catalog_time.h"

#include <array>
#include <chrono>
#include <utility>

namespace datong::catalog {
namespace {

constexpr base::TimeUs kSecond = 1'000'000;
constexpr base::TimeUs kDay = 86'400 * kSecond;
constexpr base::TimeUs kBeijingOffset = 8 * 3'600 * kSecond;
constexpr base::TimeUs kSpanMax = 36'525 * kDay;
constexpr std::array<std::pair<char, base::TimeUs>, 4> kUnits = {
    {{'d', kDay}, {'h', 3'600 * kSecond}, {'m', 60 * kSecond}, {'s', kSecond}}};

// Exactly `digits` decimal digits at `at`; -1 when there are none such.
int Number(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<base::TimeUs> ParseDay(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = Number(text, 0, 4), month = Number(text, 5, 2), day = Number(text, 8, 2);
  if (year < 1970 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

// What follows the seconds: "Z" or "+08:00".
std::optional<base::TimeUs> ParseOffset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = Number(text, 1, 2), minutes = Number(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const base::TimeUs offset = (hours * 3'600 + minutes * 60) * kSecond;
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<base::TimeUs> ParseSpan(std::string_view text) {
  if (text.size() < 2 || text.size() > 12 || text[0] == '0') return std::nullopt;
  for (const auto& [letter, unit] : kUnits) {
    if (text.back() != letter) continue;
    base::TimeUs count = 0;
    for (const char c : text.substr(0, text.size() - 1)) {
      if (c < '0' || c > '9') return std::nullopt;
      count = count * 10 + (c - '0');
    }
    if (count > kSpanMax / unit) return std::nullopt;
    return count * unit;
  }
  return std::nullopt;
}

std::string SpanAsText(base::TimeUs span) {
  for (const auto& [letter, unit] : kUnits) {
    if (span % unit == 0) return std::to_string(span / unit) + letter;
  }
  return std::to_string(span) + "us";
}

std::optional<base::TimeUs> ParseEnd(std::string_view text) {
  const std::optional<base::TimeUs> day = ParseDay(text);
  if (!day) return std::nullopt;
  base::TimeUs end;
  if (text.size() == 10) {
    end = *day + kDay - kBeijingOffset;
  } else {
    if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
    const int hour = Number(text, 11, 2), minute = Number(text, 14, 2), second = Number(text, 17, 2);
    const std::optional<base::TimeUs> offset = ParseOffset(text.substr(19));
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || !offset) return std::nullopt;
    end = *day + (hour * 3'600 + minute * 60 + second) * kSecond - *offset;
  }
  if (end <= 0) return std::nullopt;  // 0 means "open"
  return end;
}

}  // namespace datong::catalog
