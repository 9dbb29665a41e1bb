// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchange_core/base/clock.h"

// How the catalog writes spans and ends of time.
namespace datong::catalog {

// "30d", "12h", "15m", "90s": a whole number and a unit. nullopt when it is anything else, zero, or above 100 years.
std::optional<base::TimeUs> ParseSpan(std::string_view text);
std::string SpanAsText(base::TimeUs span);  // in the largest unit that divides it

// "2027-12-31": the end of that day in Beijing time (UTC+08:00), as an authorisation on paper means it; or a moment
// with its offset, "2027-12-31T17:30:00+08:00" or "...Z". Impossible dates are refused. nullopt when it is anything
// else.
std::optional<base::TimeUs> ParseEnd(std::string_view text);

}  // namespace datong::catalog
