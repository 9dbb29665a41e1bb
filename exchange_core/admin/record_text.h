// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/admin/request.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/record/record_batch.h"

// Records as text, for people.
namespace datong::admin {

// The schema a batch was written under; the current one when that version is unknown.
const record::RecordSchema& SchemaOf(const catalog::Resource& resource, uint32_t version);

// The record's values by item name, absent items left out. Items that `view` withholds are left out too (nullptr:
// none).
Json ItemsJson(const record::RecordSchema& schema, const catalog::View* view, std::string_view record);

// Values of the key items joined by commas; null when one of them is not in the record or withheld.
Json KeyJson(const record::RecordSchema& schema, const catalog::View* view, std::string_view record);

// What stands for an object in a resource: digest, and the partition it lives in (nullopt: may be anywhere).
struct KeyPlace {
  base::Digest digest;
  std::optional<uint32_t> partition;
};
// `key`: values of the key items (or of an event's identity items) joined by commas. nullopt when it does not fit the
// resource.
std::optional<KeyPlace> KeyOf(const catalog::Resource& resource, const catalog::KeyDomain& domain,
                              std::string_view key);
// `key` is a digest in hex.
KeyPlace PlaceOf(const catalog::Resource& resource, const base::Digest& digest);

std::string FileOf(const record::BatchHeader& header, const record::RecordColumns& columns, size_t record);
const char* OperationText(record::Operation operation);

}  // namespace datong::admin
