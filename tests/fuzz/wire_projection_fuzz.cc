// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no message to walker, projections and digests alike, or project to a message that projects to
// itself.
#include <string>

#include "exchange_core/base/check.h"
#include "exchange_core/record/projection.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/fuzz/fuzz_targets.h"

namespace datong::fuzz {
namespace {

// An event with one item of each type and no declared identity: every message has digests.
const record::RecordSchema& EveryType() {
  static const record::RecordSchema schema = [] {
    record::RecordSchema made;
    made.kind = record::ResourceKind::kEvent;
    for (uint32_t type = 1; type <= 8; ++type) {
      record::Item item;
      item.name = std::to_string(type);
      item.field_number = type;
      item.type = static_cast<record::ItemType>(type);
      item.empty_is_value = type % 2 == 0;
      made.items.push_back(item);
    }
    return made;
  }();
  return schema;
}

}  // namespace

void FuzzWireProjection(std::string_view input) {
  static const record::Projection everything = record::Projection::Everything();
  static const record::Projection some({1, 2, 7, 5000});
  std::string all, part, again;
  const bool message = everything.Apply(input, all);
  DATONG_CHECK(some.Apply(input, part) == message);
  DATONG_CHECK(record::DigestRecord(EveryType(), base::DigestKey(), input).has_value() == message);
  for (const record::Item& item : EveryType().items) {
    const auto text = record::FieldAsText(item, input);
    DATONG_CHECK(message || !text);
    if (some.Passes(item.field_number)) DATONG_CHECK(record::FieldAsText(item, part) == text);
  }
  if (!message) return;
  DATONG_CHECK(all == input);
  DATONG_CHECK(some.Apply(part, again) && again == part);
}

}  // namespace datong::fuzz
