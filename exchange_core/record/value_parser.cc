// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/value_parser.h"

#include <bit>
#include <charconv>
#include <chrono>

#include "exchange_core/base/utf8.h"

namespace datong::record {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes pieces off the front of a text; every failure sticks.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  bool Done() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  // Between `least` and `most` digits, as many as there are.
  unsigned Digits(size_t least, size_t most) {
    unsigned value = 0;
    size_t taken = 0;
    for (; taken < most && taken < rest_.size() && IsDigit(rest_[taken]); ++taken) {
      value = value * 10 + static_cast<unsigned>(rest_[taken] - '0');
    }
    if (taken < least) ok_ = false;
    rest_.remove_prefix(taken);
    return value;
  }

  bool TakeIf(std::string_view expected) {
    if (rest_.substr(0, expected.size()) != expected) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  void Take(std::string_view expected) {
    if (!TakeIf(expected)) ok_ = false;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<int64_t> DaysOf(unsigned year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day));
  if (year == 0 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<int64_t> ParseDate(std::string_view text) {
  TextCursor cursor(text);
  const unsigned year = cursor.Digits(4, 4);
  unsigned month, day;
  if (cursor.TakeIf("-")) {
    month = cursor.Digits(2, 2);
    cursor.Take("-");
    day = cursor.Digits(2, 2);
  } else if (cursor.TakeIf("/")) {
    month = cursor.Digits(1, 2);
    cursor.Take("/");
    day = cursor.Digits(1, 2);
  } else if (cursor.TakeIf("年")) {
    month = cursor.Digits(1, 2);
    cursor.Take("月");
    day = cursor.Digits(1, 2);
    cursor.Take("日");
  } else {
    month = cursor.Digits(2, 2);
    day = cursor.Digits(2, 2);
  }
  if (!cursor.Done()) return std::nullopt;
  return DaysOf(year, month, day);
}

// Microseconds of ".ffffff"; what lies behind the sixth digit must be zeros, or an instant would silently become
// another.
int64_t TakeFraction(TextCursor& cursor, bool& exact) {
  if (!cursor.TakeIf(".")) return 0;
  int64_t micros = 0;
  int digits = 0;
  while (IsDigit(cursor.Peek())) {
    const unsigned digit = cursor.Digits(1, 1);
    if (digits < 6) {
      micros = micros * 10 + digit;
    } else if (digit != 0) {
      exact = false;
    }
    ++digits;
  }
  if (digits == 0) exact = false;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

// Minutes east of UTC, from "Z" or "+hh:mm" (RFC 3339) or "+hh" (what PostgreSQL prints).
int64_t TakeZone(TextCursor& cursor) {
  if (cursor.TakeIf("Z") || cursor.TakeIf("z")) return 0;
  const bool west = cursor.TakeIf("-");
  if (!west) cursor.Take("+");
  const unsigned hours = cursor.Digits(2, 2);
  unsigned minutes = 0;
  if (!cursor.AtEnd()) {
    cursor.Take(":");
    minutes = cursor.Digits(2, 2);
  }
  if (hours > 23 || minutes > 59) cursor.Take("no such zone");
  const int64_t east = hours * 60 + minutes;
  return west ? -east : east;
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  TextCursor cursor(text);
  const unsigned year = cursor.Digits(4, 4);
  cursor.Take("-");
  const unsigned month = cursor.Digits(2, 2);
  cursor.Take("-");
  const unsigned day = cursor.Digits(2, 2);
  const bool spaced = cursor.TakeIf(" ");
  if (!spaced && !cursor.TakeIf("T")) cursor.Take("t");
  const unsigned hour = cursor.Digits(2, 2);
  cursor.Take(":");
  const unsigned minute = cursor.Digits(2, 2);
  cursor.Take(":");
  const unsigned second = cursor.Digits(2, 2);
  bool exact = true;
  const int64_t micros = TakeFraction(cursor, exact);
  const int64_t east = spaced && cursor.AtEnd() ? 0 : TakeZone(cursor);
  if (!cursor.Done() || !exact || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::optional<int64_t> days = DaysOf(year, month, day);
  if (!days) return std::nullopt;
  const int64_t seconds = *days * 86400 + hour * 3600 + minute * 60 + second - east * 60;
  // Its zone may carry it out of the years that have a text form.
  if (seconds < *DaysOf(1, 1, 1) * 86400 || seconds >= (*DaysOf(9999, 12, 31) + 1) * 86400) return std::nullopt;
  return seconds * 1'000'000 + micros;
}

std::string_view WithoutPlus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

std::optional<int64_t> ParseInt64(std::string_view text) {
  text = WithoutPlus(text);
  int64_t value;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  text = WithoutPlus(text);
  // from_chars also knows "inf" and "nan"; values here begin with a digit or a point.
  const size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  if (first == text.size() || !(IsDigit(text[first]) || text[first] == '.')) return std::nullopt;
  double value;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value == 0 ? 0.0 : value;
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "1" || text == "是") return true;
  if (text == "false" || text == "0" || text == "否") return false;
  return std::nullopt;
}

// The canonical form: usually a part of `text` itself, else built in `scratch`.
std::optional<std::string_view> ParseDecimal(std::string_view text, std::string& scratch) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  size_t whole_end = 0;
  while (whole_end < text.size() && IsDigit(text[whole_end])) ++whole_end;
  std::string_view whole = text.substr(0, whole_end);
  std::string_view fraction;
  if (whole_end < text.size()) {
    if (text[whole_end] != '.') return std::nullopt;
    fraction = text.substr(whole_end + 1);
    if (fraction.empty()) return std::nullopt;
    for (const char c : fraction) {
      if (!IsDigit(c)) return std::nullopt;
    }
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  const bool zero = fraction.empty() && (whole.empty() || whole == "0");
  if (!whole.empty() && (!negative || zero)) {
    // whole, point and fraction lie side by side in `text`.
    return std::string_view(whole.data(), fraction.empty() ? whole.size() : whole.size() + 1 + fraction.size());
  }
  scratch.clear();
  if (negative && !zero) scratch.push_back('-');
  scratch.append(whole.empty() ? std::string_view("0") : whole);
  if (!fraction.empty()) scratch.append(".").append(fraction);
  return scratch;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ParseHex(std::string_view text, std::string& into) {
  if (text.size() % 2 != 0) return false;
  into.resize(text.size() / 2);
  for (size_t i = 0; i < into.size(); ++i) {
    const int high = HexValue(text[2 * i]), low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<char>(high << 4 | low);
  }
  return true;
}

template <typename T>
ParseOutcome Number(std::optional<T> value, ParsedValue& into) {
  if (!value) return ParseOutcome::kWrongType;
  if constexpr (std::is_same_v<T, double>) {
    into.number = std::bit_cast<uint64_t>(*value);
  } else {
    into.number = static_cast<uint64_t>(*value);
  }
  return ParseOutcome::kOk;
}

}  // namespace

ParseOutcome ParseValue(ItemType type, std::string_view text, std::string& scratch, ParsedValue& into) {
  switch (type) {
    case ItemType::kString:
      into.bytes = text;
      return base::IsValidUtf8(text) ? ParseOutcome::kOk : ParseOutcome::kNotUtf8;
    case ItemType::kInt64:
      return Number(ParseInt64(text), into);
    case ItemType::kDouble:
      return Number(ParseDouble(text), into);
    case ItemType::kBool:
      return Number(ParseBool(text), into);
    case ItemType::kDate:
      return Number(ParseDate(text), into);
    case ItemType::kTimestamp:
      return Number(ParseTimestamp(text), into);
    case ItemType::kDecimal: {
      const std::optional<std::string_view> canonical = ParseDecimal(text, scratch);
      if (!canonical) return ParseOutcome::kWrongType;
      into.bytes = *canonical;
      return ParseOutcome::kOk;
    }
    case ItemType::kBytes:
      if (!ParseHex(text, scratch)) return ParseOutcome::kWrongType;
      into.bytes = scratch;
      return ParseOutcome::kOk;
  }
  return ParseOutcome::kWrongType;
}

std::string_view ExpectedForm(ItemType type) {
  switch (type) {
    case ItemType::kString:
      return "text in UTF-8";
    case ItemType::kInt64:
      return "a whole number of 64 bits";
    case ItemType::kDouble:
      return "a number, like 12.5 or 1.25e1";
    case ItemType::kBool:
      return "true, false, 1, 0, 是 or 否";
    case ItemType::kDate:
      return "an existing date as yyyyMMdd, yyyy-MM-dd, yyyy/M/d or yyyy年M月d日";
    case ItemType::kTimestamp:
      return "a time as yyyy-MM-ddTHH:mm:ss[.ffffff]+hh:mm (or Z), or yyyy-MM-dd HH:mm:ss[.ffffff] in UTC";
    case ItemType::kDecimal:
      return "a decimal number, like -12.50";
    case ItemType::kBytes:
      return "hexadecimal digits, two per byte";
  }
  return "a value of a known type";
}

}  // namespace datong::record
