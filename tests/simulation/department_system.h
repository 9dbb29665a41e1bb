// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/sdk/source_connector.h"
#include "exchange_core/base/random.h"
#include "tests/simulation/department.h"

namespace datong::simulation {

// A department's own system and the connector a developer wrote for it with the SDK. The system keeps everything it
// ever handed over; it says deletes, hands units over again under their old name, and rows in pieces of any size.
class DepartmentSystem {
 public:
  explicit DepartmentSystem(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void HandOver(const Dump& dump) { units_.push_back(&dump); }
  const std::vector<const Dump*>& units() const { return units_; }
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  const std::vector<std::string> columns_;
  std::vector<const Dump*> units_;
};

// `system` and `random` must outlive it.
std::unique_ptr<sdk::SourceConnector> NewSystemConnector(const DepartmentSystem& system, base::RandomSource& random);

}  // namespace datong::simulation
