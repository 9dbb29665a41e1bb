// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "tests/simulation/judges/expected_deliveries.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/naive_rules.h"

// What leaves the exchange of one key never becomes older: its declared version, or without one its place in the
// source. Looked up in the rows that departments wrote, with no regard to what the ledger or the naive exchange say.
namespace datong::simulation {
namespace {

// How old a row is: (declared version, file sequence, row), of which the first or the other two are 0.
using Age = std::tuple<int64_t, uint32_t, uint64_t>;

struct Unit {
  uint32_t file_sequence = 0;
  const Dump* dump = nullptr;
};

// The units of a register that were ever read.
struct Units {
  const ResourcePlan* plan = nullptr;
  std::map<uint32_t, Unit> by_sequence;
  std::unordered_map<std::string_view, std::vector<Unit>> by_name;

  // A delete of the exchange's own, said as row 0 of the dump that lacks the key: behind all of that dump. It keeps the
  // declared version that is known.
  bool IsGenerated(const Unit& unit, uint64_t row, bool is_delete) const {
    return is_delete && row == 0 && unit.dump->full;
  }
  Age AgeOfGenerated(const Unit& unit, const Age& last) const {
    if (plan->versioned) return last;
    return {0, unit.file_sequence, std::numeric_limits<uint64_t>::max()};
  }
  Age AgeOf(const Unit& unit, uint64_t row) const {
    if (plan->versioned) return {DeclaredVersion(unit.dump->rows[row - 1]), 0, 0};
    return {0, unit.file_sequence, row};
  }
};

std::map<std::string, Units> UnitsOfRegisters(const Evidence& evidence, const std::vector<node::RunBooks>& runs) {
  std::map<std::string, Units> registers;
  for (const node::RunBooks& run : runs) {
    const auto plan = evidence.departments.resources.find(run.resource);
    if (plan == evidence.departments.resources.end() || !plan->second.entity) continue;
    const Dump* dump = evidence.departments.Find(run.resource, run.name, run.identity);
    Units& units = registers[run.resource];
    units.plan = &plan->second;
    if (dump == nullptr || !units.by_sequence.try_emplace(run.file_sequence, Unit{run.file_sequence, dump}).second) {
      continue;
    }
    units.by_name[dump->name].push_back({run.file_sequence, dump});
  }
  return registers;
}

bool Says(const ReceivedRecord& record, const SubscriptionPlan& plan, const Row& row) {
  return std::all_of(plan.items.begin(), plan.items.end(), [&](const std::string& item) {
    const auto value = record.values.find(item);
    const std::string& said = ValueOf(row, item);
    if (value == record.values.end()) return said.empty() || (record.operation == "delete" && !HasForm(plan, said));
    return value->second == said;
  });
}

// Several units may have one name: of those that hold this row, the oldest that is not older than `last`, if any.
std::optional<Age> AgeOf(const ReceivedRecord& record, const SubscriptionPlan& plan, const Units& units,
                         const Age& last) {
  std::optional<Age> age;
  const auto named = units.by_name.find(record.source_file);
  if (named == units.by_name.end()) return age;
  if (const Unit& unit = named->second.front();
      units.IsGenerated(unit, record.source_row, record.operation == "delete")) {
    return units.AgeOfGenerated(unit, last);  // names of full dumps do not come again
  }
  if (record.source_row == 0) return age;
  for (const Unit& unit : named->second) {
    if (record.source_row > unit.dump->rows.size()) continue;
    if (!Says(record, plan, unit.dump->rows[record.source_row - 1])) continue;
    const Age candidate = units.AgeOf(unit, record.source_row);
    if (!age || (*age < last && candidate > *age) || (candidate >= last && candidate < *age)) age = candidate;
  }
  return age;
}

std::string Text(const Age& age) {
  const auto& [version, file, row] = age;
  return file == 0 ? absl::StrCat("version ", version) : absl::StrCat("file number ", file, " row ", row);
}

constexpr Age kOldest = {std::numeric_limits<int64_t>::min(), 0, 0};

void LookAtReceived(const SubscriptionPlan& plan, const Units& units, const Received& received, Judgement& judgement) {
  std::unordered_map<std::string_view, Age> last_of_key;
  for (const ReceivedRecord& record : received.records) {
    ++judgement.looked_at;
    Age& last = last_of_key.try_emplace(record.key, kOldest).first->second;
    const std::optional<Age> age = AgeOf(record, plan, units, last);
    const auto where = [&] {
      return absl::StrCat("subscription ", plan.name, ", lane ", record.lane, ", sequence ", record.sequence);
    };
    if (!age) {
      judgement.Complain(absl::StrCat(where(), ": nobody ever wrote such a row; ", Describe(record)));
    } else if (*age < last) {
      judgement.Complain(absl::StrCat(where(), ": ", Text(*age), " behind ", Text(last), "; ", Describe(record)));
    } else {
      last = *age;
    }
  }
}

void LookAtStream(const std::string& topic, const Witness::Partition& stream, const Units& units,
                  Judgement& judgement) {
  std::unordered_map<std::string_view, Age> last_of_key;
  for (const Witness::Message& message : stream.messages) {
    for (const Witness::SeenRecord& seen : message.records) {
      ++judgement.looked_at;
      const auto unit = units.by_sequence.find(seen.file_sequence);
      const std::string_view file = seen.file;
      const bool is_known = unit != units.by_sequence.end() && unit->second.dump->name == file;
      const bool is_generated =
          is_known && units.IsGenerated(unit->second, seen.row, seen.operation == record::Operation::kDelete);
      if (!is_known || (!is_generated && (seen.row == 0 || seen.row > unit->second.dump->rows.size()))) {
        judgement.Complain(absl::StrCat(topic, " position ", message.position, ", lane ", message.lane, ", ", seen.file,
                                        " row ", seen.row, ": nobody ever wrote it"));
        continue;
      }
      Age& last = last_of_key.try_emplace(seen.key, kOldest).first->second;
      const Age age = is_generated ? units.AgeOfGenerated(unit->second, last) : units.AgeOf(unit->second, seen.row);
      if (age < last) {
        judgement.Complain(absl::StrCat(topic, " position ", message.position, ", lane ", message.lane, ", key ",
                                        seen.key, " (", seen.file, " row ", seen.row, "): ", Text(age), " behind ",
                                        Text(last)));
      } else {
        last = age;
      }
    }
  }
}

}  // namespace

Judgement VersionsNeverGoBack(const Evidence& evidence) {
  Judgement judgement;
  const std::vector<node::RunBooks> runs = evidence.exchange.runs();
  const std::map<std::string, Units> registers = UnitsOfRegisters(evidence, runs);
  for (const auto& [name, plan] : evidence.departments.subscriptions) {
    const auto received = evidence.received.find(name);
    const auto units = registers.find(plan.resource);
    if (plan.state_form || received == evidence.received.end() || units == registers.end()) continue;
    LookAtReceived(plan, units->second, received->second, judgement);
  }
  const auto catalog = evidence.exchange.catalog();
  for (const auto& [id, view] : catalog->views()) {
    const catalog::Resource* resource = catalog->FindResource(view.resource_id);
    const Witness::Partition* stream = evidence.witness.Find(view.stream_topic(), 0);
    const auto units = resource == nullptr ? registers.end() : registers.find(resource->name);
    if (stream == nullptr || units == registers.end()) continue;
    LookAtStream(view.stream_topic(), *stream, units->second, judgement);
  }
  return judgement;
}

}  // namespace datong::simulation
