// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/random.h"
#include "exchange_core/record/record_batch.h"
#include "exchange_core/record/record_schema.h"

// Makers of schemas, batches and random values for the tests of this folder.
namespace datong::record {

// The seed of a random test: DATONG_SEED to replay one, else this run's own; printed either way.
inline uint64_t TestSeed(const char* test) {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
  std::cout << test << ": DATONG_SEED=" << seed << "\n";
  return seed;
}

inline base::DigestKey TestKey(uint8_t first = 1) {
  base::DigestKey key;
  key.id = 7;
  for (size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<uint8_t>(first + i);
  return key;
}

inline Item MakeItem(std::string name, uint32_t field_number, ItemType type) {
  Item item;
  item.name = std::move(name);
  item.field_number = field_number;
  item.type = type;
  return item;
}

// Company register: entity, key 统一社会信用代码.
inline RecordSchema CompanySchema() {
  RecordSchema schema;
  schema.resource = "companies";
  schema.resource_id = 12;
  schema.version = 3;
  schema.items = {MakeItem("统一社会信用代码", 1, ItemType::kString),
                  MakeItem("CompanyName", 2, ItemType::kString),
                  MakeItem("founded", 3, ItemType::kDate),
                  MakeItem("capital", 4, ItemType::kDecimal),
                  MakeItem("employees", 5, ItemType::kInt64),
                  MakeItem("active", 6, ItemType::kBool),
                  MakeItem("updated_at", 7, ItemType::kTimestamp),
                  MakeItem("score", 8, ItemType::kDouble),
                  MakeItem("seal", 9, ItemType::kBytes)};
  schema.key_items = {0};
  schema.version_item = 6;
  schema.event_time_item = 2;
  return schema;
}

inline base::Digest MakeDigest(uint64_t n) { return {n * 0x9e3779b97f4a7c15ull + 1, n ^ 0x0123456789abcdefull}; }

// A batch whose every column and header field has something in it; the same for the same arguments on every machine.
inline RecordBatch MakeBatch(size_t records, Codec codec, uint64_t seed = 1) {
  base::SeededRandom random(seed);
  RecordBatch batch;
  batch.header.resource_id = 12;
  batch.header.partition = 3;
  batch.header.schema_version = 2;
  batch.header.publisher_id = 330100;
  batch.header.source_id = 5;
  batch.header.publisher_epoch = 9;
  batch.header.publisher_sequence = 1234567890123ull;
  batch.header.snapshot_id = 20240102;
  batch.header.snapshot_marks = kSnapshotPart | kSnapshotBegin;
  batch.header.codec = codec;
  batch.header.digest_key_id = 7;
  batch.header.created_time = 1704164645123456;
  batch.header.resume_position = std::string("offset\0 4711", 12);
  batch.header.files = {{17, "企业_2024.csv"}, {18, "companies-2.csv"}};
  for (size_t i = 0; i < records; ++i) {
    batch.columns.id.push_back(MakeDigest(random.Next()));
    batch.columns.key.push_back(MakeDigest(random.Next()));
    batch.columns.fingerprint.push_back(MakeDigest(random.Next()));
    batch.columns.operation.push_back(static_cast<Operation>(1 + random.Below(5)));
    batch.columns.version.push_back(static_cast<int64_t>(random.Next() >> random.Below(64)));
    batch.columns.event_time.push_back(static_cast<int64_t>(random.Next()) >> random.Below(64));
    batch.columns.file_index.push_back(static_cast<uint32_t>(random.Below(2)));
    batch.columns.row.push_back(random.Next() >> (24 + random.Below(40)));
    const size_t length = random.Below(40);
    for (size_t k = 0; k < length; ++k) batch.payload.push_back(static_cast<char>('a' + random.Below(4)));
    batch.columns.payload_end.push_back(static_cast<uint32_t>(batch.payload.size()));
  }
  return batch;
}

// Of which some say "same", in runs, of entries that mostly follow one another.
inline RecordBatch MakeBatchWithSame(size_t records, Codec codec, uint64_t seed = 1) {
  RecordBatch batch = MakeBatch(records, codec, seed);
  base::SeededRandom random(seed);
  RecordColumns& columns = batch.columns;
  uint32_t entry = 0;
  bool same = true;
  for (size_t i = 0; i < records; ++i, ++entry) {
    if (random.Below(8) == 0) same = !same;
    if (random.Below(8) == 0) entry = static_cast<uint32_t>(random.Next() >> random.Below(64));
    if (!same) continue;
    columns.id[i] = columns.key[i] = columns.fingerprint[i] = {};
    columns.operation[i] = Operation::kSame;
    columns.same_entry.push_back(entry);
  }
  return batch;
}

inline bool SameColumns(const RecordColumns& a, const RecordColumns& b) {
  return a.id == b.id && a.key == b.key && a.fingerprint == b.fingerprint && a.operation == b.operation &&
         a.version == b.version && a.event_time == b.event_time && a.file_index == b.file_index && a.row == b.row &&
         a.payload_end == b.payload_end && a.same_entry == b.same_entry;
}

inline bool SameBatch(const RecordBatch& a, const RecordBatch& b) {
  return a.header == b.header && SameColumns(a.columns, b.columns) && a.payload == b.payload;
}

// Gives changed bytes a seal that matches, as a hostile writer would.
inline void Reseal(std::string& bytes) {
  constexpr size_t kSeal = 34;
  const base::Sha256Digest seal = base::Sha256(std::string_view(bytes).substr(0, bytes.size() - kSeal));
  bytes.replace(bytes.size() - kSeal, 32, base::AsBytes(seal));
}

template <typename T>
void Patch(std::string& bytes, size_t offset, T value) {
  bytes.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace datong::record
