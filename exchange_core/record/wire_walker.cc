// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/wire_walker.h"

#include <cstddef>
#include <cstring>

#include "exchange_core/record/value_text.h"
#include "exchange_core/record/varint_column.h"

namespace datong::record {
namespace {

constexpr uint64_t kTagMax = 0xffffffff;  // field numbers have 29 bits, wire types 3
// Tags and lengths take at most so many bytes, padding included: protobuf's own parsers read no longer ones, and what
// we let through a subscriber's tools must be able to read.
constexpr ptrdiff_t kTagBytesMax = 5;

}  // namespace

bool WireWalker::Next() {
  if (rest_.empty() || !ok_) return false;
  const auto* const begin = reinterpret_cast<const uint8_t*>(rest_.data());
  const uint8_t* const end = begin + rest_.size();
  ok_ = false;  // until the field has been read whole

  uint64_t tag;
  const uint8_t* at = ReadVarint(begin, end, tag);
  if (at == nullptr || at - begin > kTagBytesMax || tag > kTagMax || tag >> 3 == 0) return false;
  field_number_ = static_cast<uint32_t>(tag >> 3);
  number_ = 0;
  bytes_ = {};
  switch (tag & 7) {
    case static_cast<uint64_t>(WireType::kVarint):
      at = ReadVarint(at, end, number_);
      if (at == nullptr) return false;
      break;
    case static_cast<uint64_t>(WireType::kFixed64):
      if (end - at < 8) return false;
      std::memcpy(&number_, at, 8);
      at += 8;
      break;
    case static_cast<uint64_t>(WireType::kBytes): {
      uint64_t size;
      const uint8_t* const size_begin = at;
      at = ReadVarint(at, end, size);
      if (at == nullptr || at - size_begin > kTagBytesMax || size > static_cast<uint64_t>(end - at)) return false;
      bytes_ = std::string_view(reinterpret_cast<const char*>(at), size);
      at += size;
      break;
    }
    case static_cast<uint64_t>(WireType::kFixed32):
      if (end - at < 4) return false;
      std::memcpy(&number_, at, 4);
      at += 4;
      break;
    default:  // groups left the language with proto3
      return false;
  }
  wire_type_ = static_cast<WireType>(tag & 7);
  whole_ = rest_.substr(0, static_cast<size_t>(at - begin));
  rest_.remove_prefix(whole_.size());
  ok_ = true;
  return true;
}

std::optional<std::string> FieldAsText(const Item& item, std::string_view record) {
  uint64_t number = 0;
  std::string_view bytes;
  bool found = false;
  WireWalker walk(record);
  // As in protobuf: the last of several counts, one of another wire type is an unknown field.
  while (walk.Next()) {
    if (walk.field_number() != item.field_number || walk.wire_type() != WireTypeOf(item.type)) continue;
    number = NumberFromWire(item.type, walk.number());
    bytes = walk.bytes();
    found = true;
  }
  if (!walk.ok() || !found) return std::nullopt;
  if (WireTypeOf(item.type) == WireWalker::WireType::kBytes && bytes.empty() && !item.empty_is_value)
    return std::nullopt;
  std::string scratch;
  const std::optional<std::string_view> text = ValueText(item.type, number, bytes, scratch);
  if (!text) return std::nullopt;
  return std::string(*text);
}

}  // namespace datong::record
