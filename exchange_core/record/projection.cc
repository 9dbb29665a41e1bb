// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/projection.h"

#include <algorithm>

#include "exchange_core/record/wire_walker.h"

namespace datong::record {
namespace {

// Field numbers of real resources are small; the few beyond are searched, so that one large number costs no large
// table.
constexpr uint32_t kTableFields = 4096;

}  // namespace

Projection Projection::Everything() {
  Projection projection({});
  projection.everything_ = true;
  return projection;
}

Projection::Projection(std::vector<uint32_t> field_numbers) {
  std::sort(field_numbers.begin(), field_numbers.end());
  const auto table_end = std::lower_bound(field_numbers.begin(), field_numbers.end(), kTableFields);
  if (table_end != field_numbers.begin()) passes_.resize(*(table_end - 1) + 1);
  std::for_each(field_numbers.begin(), table_end, [&](uint32_t number) { passes_[number] = true; });
  passes_beyond_.assign(table_end, field_numbers.end());
}

bool Projection::Passes(uint32_t field_number) const {
  if (everything_) return true;
  if (field_number < kTableFields) return field_number < passes_.size() && passes_[field_number];
  return std::binary_search(passes_beyond_.begin(), passes_beyond_.end(), field_number);
}

bool Projection::Apply(std::string_view record, std::string& out) const {
  const size_t before = out.size();
  // Neighbouring fields that pass are copied in one piece: [run, run_end) is permitted and not yet copied.
  const char* run = record.data();
  const char* run_end = run;
  WireWalker walk(record);
  while (walk.Next()) {
    if (!Passes(walk.field_number())) continue;
    const std::string_view field = walk.whole();
    if (field.data() != run_end) {
      out.append(run, static_cast<size_t>(run_end - run));
      run = field.data();
    }
    run_end = field.data() + field.size();
  }
  if (!walk.ok()) {
    out.resize(before);
    return false;
  }
  out.append(run, static_cast<size_t>(run_end - run));
  return true;
}

}  // namespace datong::record
