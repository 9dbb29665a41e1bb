// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/random.h"

namespace datong::simulation {

inline constexpr uint64_t kSectorBytes = 512;

// The bytes of one file of a SimulatedDisk, whatever names it has: those that programs see, and what is needed to find
// out which of them a power cut may leave. Writing costs what is written, cutting off costs what is cut off, Sync()
// costs nothing.
//
// What a cut may leave, where cutting off and overwriting come into it:
//  * A safe byte that no Truncate() went below is never lost: overwritten and not synced it is the old or the new one,
//    by sector.
//  * A safe byte that was cut off is back when the cutting off is lost, alone or as the first part of what was cut off.
//    When other bytes were appended over it, each sector is the old one, the new one or zeros.
//  * Bytes that were appended and cut off again, all since the last Sync(), may be back too: a cut looks at the present
//    file, or at how it was before one of the truncations and overwrites since then.
class SimulatedFile {
 public:
  std::string_view content() const { return seen_; }
  uint64_t size() const { return seen_.size(); }

  // Overwrites what is there from `offset` on and appends the rest; a gap before `offset` reads as zeros.
  void Write(uint64_t offset, std::string_view data);
  void Truncate(uint64_t size);  // beyond the end: appends zeros
  void Sync();
  // Decides what becomes of the bytes that are not safe; what is left is safe. Returns what was lost, for a person, or
  // nothing when the file is as it was seen.
  std::optional<std::string> CutPower(base::RandomSource& random);

 private:
  // How the file was before it lost or changed bytes: its first `from` bytes of afterwards, then `tail`.
  struct Before {
    uint64_t from;
    std::string tail;
    bool cut_off;  // false: overwritten in place
  };
  // What one power cut chooses from. All offsets in bytes.
  struct Choice {
    std::string safe;     // the file when nothing of the changes took place
    std::string changed;  // ... when all did
    uint64_t common;      // both are equal up to here
    uint64_t never_cut;   // safe bytes up to here were at most overwritten
  };

  Choice ChoiceAt(size_t moment) const;
  // `out` is the changed file; of what changed, each sector stays or not. Returns how many bytes stay.
  static uint64_t KeepSectors(const Choice& choice, bool zeros_only, base::RandomSource& random, std::string& out);

  std::string seen_;
  uint64_t safe_size_ = 0;       // of the file as it was at the last Sync()
  std::vector<Before> befores_;  // since the last Sync(), oldest first
};

}  // namespace datong::simulation
