// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/record/record_schema.h"

namespace datong::record {

// What a view lets through of each record: a set of field numbers. Works on the wire form (walk tags, copy permitted
// bytes). Unknown fields pass only when every item passes. Immutable; thread-safe.
class Projection {
 public:
  // Every item and every unknown field.
  static Projection Everything();
  explicit Projection(std::vector<uint32_t> field_numbers);

  bool passes_everything() const { return everything_; }
  bool Passes(uint32_t field_number) const;
  // Appends the permitted fields of `record` to `out`. False (and `out` unchanged) when the bytes are no protobuf
  // message.
  bool Apply(std::string_view record, std::string& out) const;

 private:
  bool everything_ = false;
  std::vector<bool> passes_;             // by field number, the small ones
  std::vector<uint32_t> passes_beyond_;  // the others, sorted
};

}  // namespace datong::record
