// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulated_file.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace datong::simulation {

void SimulatedFile::Write(uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  if (offset > seen_.size()) seen_.resize(offset);
  const size_t over = std::min<uint64_t>(data.size(), seen_.size() - offset);
  if (over > 0) {
    befores_.push_back({offset, seen_.substr(offset), false});
    seen_.replace(offset, over, data.substr(0, over));
  }
  seen_.append(data.substr(over));
}

void SimulatedFile::Truncate(uint64_t size) {
  if (size < seen_.size()) befores_.push_back({size, seen_.substr(size), true});
  seen_.resize(size);
}

void SimulatedFile::Sync() {
  safe_size_ = seen_.size();
  befores_.clear();
}

SimulatedFile::Choice SimulatedFile::ChoiceAt(size_t moment) const {
  Choice choice{seen_, seen_, safe_size_, std::numeric_limits<uint64_t>::max()};
  for (size_t i = befores_.size(); i > 0; --i) {
    const Before& before = befores_[i - 1];
    choice.safe.resize(before.from);
    choice.safe += before.tail;
    if (i - 1 == moment) choice.changed = choice.safe;
    if (i - 1 < moment) {
      choice.common = std::min(choice.common, before.from);
      if (before.cut_off) choice.never_cut = std::min(choice.never_cut, before.from);
    }
  }
  choice.safe.resize(safe_size_);
  choice.never_cut = std::min(choice.never_cut, safe_size_);
  return choice;
}

uint64_t SimulatedFile::KeepSectors(const Choice& choice, bool zeros_only, base::RandomSource& random,
                                    std::string& out) {
  uint64_t kept = 0;
  for (uint64_t begin = choice.common; begin < out.size();) {
    const uint64_t end = std::min<uint64_t>(out.size(), (begin / kSectorBytes + 1) * kSectorBytes);
    if (!zeros_only && random.Below(2) == 0) {
      kept += end - begin;
    } else {
      const bool old_ones_too = !zeros_only && random.Below(2) == 0;
      const uint64_t old_end = std::clamp<uint64_t>(old_ones_too ? choice.safe.size() : choice.never_cut, begin, end);
      std::fill(out.begin() + static_cast<ptrdiff_t>(begin), out.begin() + static_cast<ptrdiff_t>(end), '\0');
      if (old_end > begin) out.replace(begin, old_end - begin, choice.safe, begin, old_end - begin);
    }
    begin = end;
  }
  return kept;
}

std::optional<std::string> SimulatedFile::CutPower(base::RandomSource& random) {
  if (befores_.empty() && safe_size_ == seen_.size()) return std::nullopt;
  size_t moment = befores_.size();
  if (moment > 0 && random.Below(2) == 0) moment = random.Below(moment);
  const Choice choice = ChoiceAt(moment);
  const bool only_cut_off = choice.changed.size() == choice.common;
  const uint64_t changed_bytes = choice.changed.size() - choice.common;
  uint64_t kept = 0;
  std::string out;
  const char* how = "";
  switch (random.Below(only_cut_off ? 3 : 5)) {
    case 0:
      out = choice.safe;
      break;
    case 1:
      out = choice.changed;
      kept = changed_bytes;
      break;
    case 2: {
      const std::string& longer = only_cut_off ? choice.safe : choice.changed;
      if (longer.size() == choice.common) {  // a moment at which nothing had changed yet
        out = choice.safe;
        break;
      }
      uint64_t end = choice.common + random.Below(longer.size() - choice.common);
      if (end % kSectorBytes == 0 && end + 1 < longer.size()) ++end;
      out = longer.substr(0, end);
      if (end < choice.never_cut) out += choice.safe.substr(end, choice.never_cut - end);
      kept = only_cut_off ? 0 : end - choice.common;
      break;
    }
    case 3:
      out = choice.changed;
      kept = KeepSectors(choice, false, random, out);
      how = ", by sectors";
      break;
    default:
      out = choice.changed;
      KeepSectors(choice, true, random, out);
      how = ", zeros instead";
  }
  std::optional<std::string> lost;
  if (out != seen_) {
    lost = absl::StrCat(kept, " of ", changed_bytes, " unsafe bytes", how);
    if (!befores_.empty()) absl::StrAppend(&*lost, "; was ", seen_.size(), " bytes long, is ", out.size());
  }
  seen_ = std::move(out);
  Sync();
  return lost;
}

}  // namespace datong::simulation
