// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchange_core/record/record_schema.h"

namespace datong::record {

// Walks the top-level fields of a protobuf message without knowing its type. Never reads past `message`.
//   WireWalker walk(bytes);
//   while (walk.Next()) use(walk.field_number(), walk.value());
//   if (!walk.ok()) ...  // malformed
class WireWalker {
 public:
  enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  explicit WireWalker(std::string_view message) : rest_(message) {}
  bool Next();
  bool ok() const { return ok_; }
  uint32_t field_number() const { return field_number_; }
  WireType wire_type() const { return wire_type_; }
  uint64_t number() const { return number_; }        // kVarint, kFixed64, kFixed32
  std::string_view bytes() const { return bytes_; }  // kBytes
  std::string_view whole() const { return whole_; }  // tag and value as they stand

 private:
  std::string_view rest_, bytes_, whole_;
  uint64_t number_ = 0;
  uint32_t field_number_ = 0;
  WireType wire_type_ = WireType::kVarint;
  bool ok_ = true;
};

// The value of `item` within `record` as text (dates yyyy-MM-dd, timestamps RFC 3339 in UTC with microseconds, bool
// true/false, doubles shortest round-trip); nullopt when absent or malformed.
std::optional<std::string> FieldAsText(const Item& item, std::string_view record);

}  // namespace datong::record
