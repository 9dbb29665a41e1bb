// SPDX-License-Identifier: Apache-2.0
#include <absl/container/inlined_vector.h>

#include <algorithm>

#include "exchange_core/base/little_endian.h"
#include "exchange_core/record/digest_purpose.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/value_text.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::record {
namespace {

struct KnownField {
  bool present = false;
  uint64_t number = 0;
  std::string_view bytes, whole;
};

struct UnknownField {
  uint32_t number = 0;
  std::string_view whole;
};

using KnownFields = absl::InlinedVector<KnownField, 64>;
using UnknownFields = absl::InlinedVector<UnknownField, 8>;

bool SplitFields(const RecordSchema& schema, std::string_view record, KnownFields& known, UnknownFields& unknown) {
  WireWalker walk(record);
  while (walk.Next()) {
    const int index = schema.IndexOfField(walk.field_number());
    // As in protobuf: a known number with another wire type is an unknown field.
    if (index < 0 || walk.wire_type() != WireTypeOf(schema.items[static_cast<size_t>(index)].type)) {
      unknown.push_back({walk.field_number(), walk.whole()});
      continue;
    }
    const Item& item = schema.items[static_cast<size_t>(index)];
    const bool empty = walk.wire_type() == WireWalker::WireType::kBytes && walk.bytes().empty();
    const bool present = !empty || (item.empty_is_value && item.type != ItemType::kDecimal);
    known[static_cast<size_t>(index)] = {present, NumberFromWire(item.type, walk.number()), walk.bytes(), walk.whole()};
  }
  std::stable_sort(unknown.begin(), unknown.end(),
                   [](const UnknownField& a, const UnknownField& b) { return a.number < b.number; });
  return walk.ok();
}

bool ComposeItems(char purpose, const RecordSchema& schema, const std::vector<uint32_t>& items,
                  const KnownFields& known, KeyTextScratch& scratch, std::string& into) {
  into.assign(1, purpose);
  for (const uint32_t index : items) {
    const KnownField& field = known[index];
    if (!field.present) return false;
    const std::optional<std::string_view> text = KeyText(schema.items[index], field.number, field.bytes, scratch);
    if (!text) return false;
    base::PutBytes(into, *text);
  }
  return true;
}

}  // namespace

std::optional<RecordDigests> DigestRecord(const RecordSchema& schema, const base::DigestKey& key,
                                          std::string_view record_bytes) {
  thread_local std::string content;  // kept, so that no record allocates
  thread_local KeyTextScratch scratch;
  KnownFields known(schema.items.size());
  UnknownFields unknown;
  if (!SplitFields(schema, record_bytes, known, unknown)) return std::nullopt;

  RecordDigests digests;
  const bool event = schema.kind == ResourceKind::kEvent;
  if (!schema.key_items.empty()) {
    if (!ComposeItems(kKeyPurpose, schema, schema.key_items, known, scratch, content)) return std::nullopt;
    digests.key = base::KeyedDigest(key, content);
    digests.id = digests.key;
  }
  if (event && !schema.id_items.empty()) {
    if (!ComposeItems(kIdPurpose, schema, schema.id_items, known, scratch, content)) return std::nullopt;
    digests.id = base::KeyedDigest(key, content);
  }

  content.assign(1, kContentPurpose);
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i].present && schema.items[i].compared) content.append(known[i].whole);
  }
  for (const UnknownField& field : unknown) content.append(field.whole);
  digests.fingerprint = base::KeyedDigest(key, content);
  if (event && schema.id_items.empty()) {
    content[0] = kIdPurpose;
    digests.id = base::KeyedDigest(key, content);
  }
  if (schema.key_items.empty()) digests.key = digests.id;
  return digests;
}

std::optional<base::Digest> FoldedKeyDigest(const RecordSchema& schema, const base::DigestKey& key,
                                            std::string_view record_bytes) {
  if (schema.key_items.empty()) return std::nullopt;
  thread_local std::string content, scratch, folded;
  KnownFields known(schema.items.size());
  UnknownFields unknown;
  if (!SplitFields(schema, record_bytes, known, unknown)) return std::nullopt;
  content.assign(1, kFoldedKeyPurpose);
  for (const uint32_t index : schema.key_items) {
    const KnownField& field = known[index];
    if (!field.present) return std::nullopt;
    const ItemType type = schema.items[index].type;
    const std::optional<std::string_view> text = ValueText(type, field.number, field.bytes, scratch);
    if (!text) return std::nullopt;
    base::PutBytes(content, type == ItemType::kString ? FoldKeyText(*text, kEverySpelling, folded) : *text);
  }
  return base::KeyedDigest(key, content);
}

}  // namespace datong::record
