// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/nearest_name.h"

#include <algorithm>
#include <cstdint>

namespace datong::catalog {
namespace {

constexpr size_t kComparedCharactersMax = 64;  // longer names are not mistyped, they are different

// Steps between two names, adjacent swaps counting one. Three rows suffice: the swap looks back two.
size_t Distance(const std::u32string& a, const std::u32string& b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::u32string CodePoints(std::string_view text) {
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t point = bytes == 1 ? lead : lead & (0x7f >> bytes);
    const size_t end = std::min(text.size(), i + bytes);
    for (++i; i < end && (static_cast<uint8_t>(text[i]) & 0xc0) == 0x80; ++i) {
      point = (point << 6) | (static_cast<uint8_t>(text[i]) & 0x3f);
    }
    points.push_back(point);
  }
  return points;
}

std::string NearestName(std::string_view written, const std::vector<std::string>& candidates) {
  const std::u32string from = CodePoints(written);
  if (from.size() > kComparedCharactersMax) return {};
  size_t best = std::max<size_t>(1, from.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::u32string to = CodePoints(candidate);
    if (to.size() > kComparedCharactersMax) continue;
    const size_t distance = Distance(from, to);
    if (distance < best && distance < std::max(from.size(), to.size())) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view written, const std::vector<std::string>& candidates, std::string otherwise) {
  const std::string nearest = NearestName(written, candidates);
  return nearest.empty() ? std::move(otherwise) : "did you mean '" + nearest + "'?";
}

}  // namespace datong::catalog
