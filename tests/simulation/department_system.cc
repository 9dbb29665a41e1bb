// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/department_system.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace datong::simulation {
namespace {

// Position: "<unit>/<row>": that many units are over, that many rows of the next are read. Every other unit begins
// without its identity.
class SystemConnector final : public sdk::SourceConnector {
 public:
  SystemConnector(const DepartmentSystem& system, base::RandomSource& random) : system_(system), random_(random) {}

  sdk::Status Open(const std::string& position) override {
    unit_ = row_ = 0;
    announced_ = goes_on_ = false;
    if (!position.empty() && std::sscanf(position.c_str(), "%zu/%zu", &unit_, &row_) != 2) {
      return sdk::Status::Fail("bad_position", "not a position of this system: " + position);
    }
    goes_on_ = row_ != 0;
    return sdk::Status::Ok();
  }

  sdk::Status Read(sdk::SourceRead& into) override {
    if (random_.Below(20) == 0) return sdk::Status::Retry("the system is busy");
    into.position = Position();
    if (unit_ == system_.units().size()) {
      into.idle_ms = 700;
      return sdk::Status::Ok();
    }
    const Dump& dump = *system_.units()[unit_];
    const bool late = unit_ % 2 == 1;
    if (!announced_) {
      announced_ = true;
      into.unit_begun.emplace();
      into.unit_begun->name = dump.name;
      into.unit_begun->identity = late ? "" : dump.identity;
      into.unit_begun->goes_on = late && std::exchange(goes_on_, false);
      into.unit_begun->columns = system_.columns();
    }
    if (row_ == dump.rows.size()) {
      if (late) into.identity = dump.identity;
      ++unit_;
      row_ = 0;
      announced_ = false;
      into.unit_ended = true;
    } else {
      const size_t end = std::min(dump.rows.size(), row_ + 1 + random_.Below(12));
      for (; row_ < end; ++row_) AddRow(dump.rows[row_], row_ + 1, into.rows);
    }
    into.position = Position();
    return sdk::Status::Ok();
  }

  sdk::Status Identify(std::string& identity) override {
    if (random_.Below(20) == 0) return sdk::Status::Retry("the system is busy");
    if (random_.Below(3) != 0) identity = system_.units()[unit_]->identity;
    return sdk::Status::Ok();
  }

  void Acknowledge(const std::string&) override {}
  void Close() override {}

 private:
  std::string Position() const { return std::to_string(unit_) + "/" + std::to_string(row_); }

  void AddRow(const Row& row, uint64_t number, sdk::RowBatch& into) {
    if (row.values.contains("_broken")) {
      into.AddUnreadable(number, "bad_row", "the system could not read it", "???");
      return;
    }
    into.BeginRow(number);
    for (const std::string& column : system_.columns()) {
      const auto value = row.values.find(column);
      value == row.values.end() ? into.AddAbsent() : into.Add(value->second);
    }
    if (row.is_delete) into.SetDelete();
    into.EndRow();
  }

  const DepartmentSystem& system_;
  base::RandomSource& random_;
  size_t unit_ = 0, row_ = 0;
  bool announced_ = false;
  bool goes_on_ = false;
};

}  // namespace

std::unique_ptr<sdk::SourceConnector> NewSystemConnector(const DepartmentSystem& system, base::RandomSource& random) {
  return std::make_unique<SystemConnector>(system, random);
}

}  // namespace datong::simulation
