// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/dump_moment.h"

#include <chrono>
#include <cstddef>

namespace datong::file {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kDayUs = 86'400 * kSecondUs;
constexpr int64_t kBeijingUs = 8 * 3'600 * kSecondUs;
constexpr int kYearMin = 1970, kYearMax = 2099;  // what else has eight digits is mostly a code

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads from the front of what is left; a step that does not fit takes nothing.
class Scan {
 public:
  explicit Scan(std::string_view rest) : rest_(rest) {}

  std::string_view rest() const { return rest_; }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  size_t digits() const {
    size_t count = 0;
    while (count < rest_.size() && IsDigit(rest_[count])) ++count;
    return count;
  }
  bool Take(std::string_view text) {
    if (rest_.substr(0, text.size()) != text) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // A number of exactly `count` digits; more may follow.
  bool Number(size_t count, int& number) {
    if (digits() < count) return false;
    number = 0;
    for (size_t i = 0; i < count; ++i) number = number * 10 + (rest_[i] - '0');
    rest_.remove_prefix(count);
    return true;
  }

 private:
  std::string_view rest_;
};

struct Found {
  int64_t us = 0;
  std::string_view rest;  // behind it
};

struct Day {
  int64_t us = 0;        // its beginning, were it UTC
  bool compact = false;  // written without separators
};

bool MakeDay(int year, int month, int day, Day& into) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < kYearMin || year > kYearMax || !date.ok()) return false;
  into.us = std::chrono::sys_days(date).time_since_epoch().count() * kDayUs;
  return true;
}

bool TakeDay(Scan& scan, Day& into) {
  int year = 0, month = 0, day = 0;
  const size_t digits = scan.digits();
  if (!scan.Number(4, year)) return false;
  if (digits > 4) {
    into.compact = true;
    return scan.Number(2, month) && scan.Number(2, day) && MakeDay(year, month, day, into);
  }
  if (scan.Take("年")) {
    const auto number = [&scan](int& to) { return scan.digits() <= 2 && scan.Number(scan.digits(), to); };
    return number(month) && scan.Take("月") && number(day) && scan.Take("日") && MakeDay(year, month, day, into);
  }
  const char separator = scan.next();
  if (separator != '-' && separator != '_' && separator != '.' && separator != '/') return false;
  const std::string_view between(&separator, 1);
  return scan.Take(between) && scan.digits() == 2 && scan.Number(2, month) && scan.Take(between) &&
         scan.digits() == 2 && scan.Number(2, day) && MakeDay(year, month, day, into);
}

// "183000", "1830", "18:30:00", "18-30-00", ... as far as what stands before it lets it be a time.
bool TakeClock(Scan& scan, bool short_forms, int64_t& us) {
  int hour = 0, minute = 0, second = 0;
  if (const size_t digits = scan.digits(); digits > 2) {
    if (digits != 6 && !(short_forms && digits == 4)) return false;
    if (!scan.Number(2, hour) || !scan.Number(2, minute) || (digits == 6 && !scan.Number(2, second))) return false;
  } else {
    if (!scan.Number(2, hour)) return false;
    const char separator = scan.next();
    if (separator != ':' && separator != '-' && separator != '_' && separator != '.') return false;
    const std::string_view between(&separator, 1);
    if (!scan.Take(between) || scan.digits() != 2 || !scan.Number(2, minute)) return false;
    Scan further = scan;
    if (further.Take(between) && further.digits() == 2 && further.Number(2, second)) {
      scan = further;
    } else if (separator != ':' && !short_forms) {
      return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  us = ((hour * 60 + minute) * 60 + second) * kSecondUs;
  return true;
}

// What of a second follows as ".25"; never the beginning of a file's ending.
void TakeFraction(Scan& scan, int64_t& us) {
  Scan further = scan;
  if (!further.Take(".") || further.digits() == 0 || further.digits() > 9) return;
  int64_t unit = kSecondUs / 10;
  for (size_t left = further.digits(); left > 0; --left, unit /= 10) {
    int digit = 0;
    further.Number(1, digit);
    us += digit * unit;
  }
  scan = further;
}

// How far the clock that was read is ahead of UTC.
int64_t TakeOffset(Scan& scan) {
  if (scan.Take("Z") || scan.Take("z")) return 0;
  Scan further = scan;
  const bool east = further.next() == '+';
  int hours = 0, minutes = 0;
  if ((further.Take("+") || further.Take("-")) && further.Number(2, hours)) {
    further.Take(":");
    if (further.digits() == 2 && further.Number(2, minutes) && hours <= 14 && minutes <= 59) {
      scan = further;
      return (east ? 1 : -1) * (hours * 60 + minutes) * 60 * kSecondUs;
    }
  }
  return kBeijingUs;
}

// The time behind a day, if there is one.
std::optional<int64_t> TakeTime(Scan& scan, const Day& day) {
  Scan further = scan;
  const bool at_once = day.compact && further.digits() != 0;
  const bool behind_t = !at_once && (further.Take("T") || further.Take("t"));
  if (!at_once && !behind_t && !further.Take(" ") && !further.Take("_") && !further.Take("-") && !further.Take(".")) {
    return std::nullopt;
  }
  int64_t us = 0;
  if (!TakeClock(further, at_once || behind_t, us) || further.digits() != 0) return std::nullopt;
  TakeFraction(further, us);
  us += day.us - TakeOffset(further);
  scan = further;
  return us;
}

std::optional<Found> MomentAt(std::string_view text) {
  Scan scan(text);
  Day day;
  if (!TakeDay(scan, day)) return std::nullopt;
  if (const std::optional<int64_t> moment = TakeTime(scan, day)) return Found{*moment, scan.rest()};
  if (scan.digits() != 0) return std::nullopt;  // part of a longer number
  return Found{day.us + kDayUs - kBeijingUs, scan.rest()};
}

}  // namespace

std::optional<int64_t> MomentInName(std::string_view name) {
  for (size_t at = 0; at < name.size(); ++at) {
    if (!IsDigit(name[at]) || (at > 0 && IsDigit(name[at - 1]))) continue;
    if (const std::optional<Found> found = MomentAt(name.substr(at))) return found->us;
  }
  return std::nullopt;
}

std::optional<int64_t> MomentFromText(std::string_view text) {
  const std::optional<Found> found = MomentAt(text);
  if (!found || !found->rest.empty()) return std::nullopt;
  return found->us;
}

}  // namespace datong::file
