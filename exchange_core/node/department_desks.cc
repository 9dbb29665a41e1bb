// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/department_desks.h"

namespace datong::node {

base::StepResult DepartmentDesks::Step() {
  const auto catalog = state_.Catalog();
  if (catalog->version() == version_) return base::StepResult::Idle();  // a new one wakes everybody
  version_ = catalog->version();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, department] : catalog->departments()) {
    if (!department.writes_itself || desks_.contains(id)) continue;
    auto& desk = desks_[id];
    desk = std::make_unique<DepartmentDesk>(state_, id, department.name);
    state_.options.scheduler->Add(*desk);
  }
  return base::StepResult::Idle();
}

void DepartmentDesks::Stop() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, desk] : desks_) state_.options.scheduler->Remove(*desk);
  desks_.clear();
  version_ = 0;
}

std::vector<RequestBooks> DepartmentDesks::books() {
  const std::lock_guard lock(mutex_);
  std::vector<RequestBooks> all;
  for (const auto& [id, desk] : desks_) all.push_back(desk->books());
  return all;
}

}  // namespace datong::node
