// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "exchange_core/base/clock.h"
#include "exchange_core/ledger/verdict.h"
#include "tests/simulation/department.h"

namespace datong::simulation {

// The value of an item; "" when it is absent.
const std::string& ValueOf(const Row& row, const std::string& item);
// Absent and empty are the same.
bool SameContent(const Row& one, const Row& other);
// The declared version of a row: the value of "rev", else 0.
int64_t DeclaredVersion(const Row& row);

// When a record was said, in the source's own order.
struct SourcePlace {
  uint32_t file_sequence = 0;
  uint64_t row = 0;
  auto operator<=>(const SourcePlace&) const = default;
};

// Who says something, where it came in, and as part of which snapshot, if any.
struct Supplier {
  std::string source;
  uint32_t partition = 0;
  uint64_t snapshot = 0;
};

// A register as a person would keep it, with whole rows. `now` and remembered rows must outlive it.
class NaiveRegister {
 public:
  explicit NaiveRegister(bool versioned) : versioned_(versioned) {}
  // What becomes of a record of `key`; the register then knows it.
  ledger::Verdict Take(const std::string& key, const Row& now, SourcePlace place, const Supplier& by = {});
  // The same, and the register learns nothing.
  ledger::Verdict Judge(const std::string& key, const Row& now, SourcePlace place) const;
  // A present key is gone, by a snapshot that lacks it: behind every row of its file.
  void Delete(const std::string& key, uint32_t file_sequence, const Supplier& by);
  // For complaints: what was known of the key before the last Take of it.
  std::string Known(const std::string& key) const;

  struct Entry {
    int64_t version = 0;
    SourcePlace place;
    const Row* content = nullptr;  // the last there was; nullptr: only ever deleted
    bool present = false;
    Supplier by;              // of the last change; what changes nothing supplies nothing
    uint64_t content_at = 0;  // moment() when the content came
    uint32_t number = 0;      // among the keys of its partition, in the order of first sight
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }
  const Entry* Find(const std::string& key) const;
  uint64_t moment() const { return moment_; }  // counts what was taken

 private:
  enum class Age { kOlder, kSame, kNewer };
  Age AgeOf(const Entry& entry, int64_t version, SourcePlace place) const;
  ledger::Verdict JudgeDelete(const Entry& entry, Age age, int64_t version) const;
  ledger::Verdict JudgeRow(const Entry& entry, Age age, int64_t version, const Row& now) const;

  const bool versioned_;
  std::map<std::string, Entry> entries_;
  std::map<uint32_t, uint32_t> entries_of_partition_;
  uint64_t moment_ = 0;
};

// The ids of events and when each was last taken for new.
class NaiveEvents {
 public:
  explicit NaiveEvents(base::TimeUs window_us) : window_us_(window_us) {}
  // kInserted or kDuplicate. The exchange may forget an id up to a sixteenth of the window late: then either is right,
  // and `said` decides.
  ledger::Verdict Take(const Row& row, base::TimeUs commit_time, ledger::Verdict said);
  std::string Known(const Row& row) const;

 private:
  const base::TimeUs window_us_;
  std::map<std::pair<std::string, std::string>, base::TimeUs> taken_;
};

}  // namespace datong::simulation
