// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/record_schema.h"

#include <algorithm>

namespace datong::record {

const Item* RecordSchema::FindByName(std::string_view name) const {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

int RecordSchema::IndexOfField(uint32_t field_number) const {
  // Most resources number their items 1, 2, 3, ...
  if (field_number - 1 < items.size() && items[field_number - 1].field_number == field_number) {
    return static_cast<int>(field_number - 1);
  }
  const auto found = std::lower_bound(items.begin(), items.end(), field_number,
                                      [](const Item& item, uint32_t number) { return item.field_number < number; });
  if (found == items.end() || found->field_number != field_number) return -1;
  return static_cast<int>(found - items.begin());
}

}  // namespace datong::record
