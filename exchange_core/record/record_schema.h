// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The compiled form of one schema version of a resource: what the data path needs to know about items. Built from the
// catalog (catalog/resource_schema.cc); immutable; may be shared between threads.
namespace datong::record {

// Wire form of each type (protobuf 3 rules): string, decimal, bytes: length-delimited; int64, timestamp (microseconds
// UTC), date (days since 1970-01-01): varint, sint64 zigzag; bool: varint; double: fixed64.
enum class ItemType : uint8_t {
  kString = 1,
  kInt64 = 2,
  kDouble = 3,
  kBool = 4,
  kDate = 5,
  kTimestamp = 6,
  kDecimal = 7,
  kBytes = 8
};

struct Item {
  std::string name;           // as the department writes it: may be Chinese, unique within the resource
  uint32_t field_number = 0;  // stable for ever
  ItemType type = ItemType::kString;
  bool compared = true;         // false: a change of this item alone is no change
  bool empty_is_value = false;  // true: present-but-empty differs from absent
  bool required = false;
  // Key items: spellings that differ in letter case, in spaces, or in full and half width name the same object. Decides
  // the key digest only; the text stays as it was written.
  bool ignore_case = false;
  bool ignore_spaces = false;
  bool ignore_width = false;
};

enum class ResourceKind : uint8_t { kEntity = 1, kEvent = 2 };

struct RecordSchema {
  std::string resource;
  uint32_t resource_id = 0;
  uint32_t version = 0;
  ResourceKind kind = ResourceKind::kEntity;
  std::vector<Item> items;          // in ascending field number
  std::vector<uint32_t> key_items;  // indexes into items, in declared order; entity: not empty
  std::vector<uint32_t> id_items;   // event: declared identity; empty = the canonical content
  int version_item = -1;            // index into items, or -1: the source's order
  int event_time_item = -1;         // index into items, or -1

  const Item* FindByName(std::string_view name) const;
  int IndexOfField(uint32_t field_number) const;  // -1 when unknown
};

}  // namespace datong::record
