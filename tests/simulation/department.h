// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/random.h"

namespace datong::simulation {

// What the departments of a simulated world have and want, as they themselves know it: the outside of the exchange.
// Judges hold what the exchange did against this and nothing else.

// A row of a dump. `values`: by item name; an item that is missing or "" is absent. A value begins with its item's name
// and a colon ("secret:17") wherever its type is text, so that a leak shows in raw bytes.
struct Row {
  std::map<std::string, std::string> values;
  bool is_delete = false;
  bool defective = false;  // made wrong on purpose: the exchange must quarantine it
};

// One unit of a source: a file, or what a department's system hands over at once. Rows are numbered from 1.
struct Dump {
  std::string resource, source;
  std::string name;      // the unit's name; a name may come again, with the same or with other rows
  std::string identity;  // equal for equal content
  std::vector<Row> rows;
  bool full = false;     // all there is of the source's part of the register: what is not in it is gone
  bool cut_off = false;  // its end is missing and shows it: it must fail, whatever of it was read
};

// How full dumps of a register are judged (docs/snapshots.md).
struct FullPlan {
  enum class SameKey { kQuarantine, kFirst, kLast } same_key = SameKey::kQuarantine;
  bool early_flow = false;
  uint32_t vanish_percent_max = 20;
  uint32_t vanish_records_max = 0;  // not 0: instead of the share
};

struct ResourcePlan {
  std::string name;
  bool entity = true;
  bool versioned = false;  // entity: item "rev" is the declared version
  uint32_t partitions = 1;
  base::TimeUs window_us = 0;      // event: how long an id is remembered
  std::vector<std::string> items;  // in the order of the catalog: code, serial, name, amount, note, secret, rev
  bool has_system = false;         // fed by a department's system (which deletes and repeats) besides files
  bool json_lines = false;         // its files
  bool has_full = false;           // a register that is handed over as a whole as well, by a source of its own
  FullPlan full;
};
// The key is item "code"; the id of an event is code and serial.

struct SubscriptionPlan {
  std::string name, resource;
  std::vector<std::string> items;  // that its grant lets through
  bool all_items = false;
  enum class Start { kBeginning, kNow, kPresentState } start = Start::kBeginning;
  std::string directory;    // of its file sink
  bool state_form = false;  // else changes
  bool json_lines = false;  // else CSV
  bool gbk = false;         // the sink refuses what GBK has no form for: rows with a value that holds U+1F30A
  bool suspended = false;
  bool ended = false;  // retired, or its grant revoked: what it got stays right, more need not come
};

struct Departments {
  std::map<std::string, ResourcePlan> resources;
  std::map<std::string, SubscriptionPlan> subscriptions;
  std::deque<Dump> dumps;  // in the order in which they were handed over

  const Dump& Add(Dump dump);
  // The rows that a run of the exchange read: the dump with this name and identity. Of a run whose identity is not
  // known yet, or never will be: the first one with this name, for where one had the name before, the exchange asks for
  // the identity at once. nullptr: nobody ever wrote it.
  const Dump* Find(const std::string& resource, const std::string& name, const std::string& identity) const;

 private:
  std::map<std::tuple<std::string, std::string, std::string>, size_t> places_;  // identity "": the first of the name
};

inline constexpr char kNoFormInGbk[] = "\xF0\x9F\x8C\x8A";  // U+1F30A

// A new dump's rows: keys from a small space so that they meet again, some rows repeated, some defective, deletes only
// when `deletes`. Deterministic.
std::vector<Row> DrawRows(const ResourcePlan& resource, bool deletes, size_t rows, base::RandomSource& random);

// One row, as DrawRows draws it, neither defective nor a delete; and one made wrong.
Row DrawRow(const ResourcePlan& resource, base::RandomSource& random);
void Spoil(Row& row, base::RandomSource& random);

// The dump as file bytes (CSV or JSON lines); defective rows are written so that they are wrong in this format.
std::string FileContent(const ResourcePlan& resource, const std::vector<Row>& rows);
// Likewise, always CSV: with a head that names every item, however few rows there are.
std::string CsvContent(const ResourcePlan& resource, const std::vector<Row>& rows);

}  // namespace datong::simulation
