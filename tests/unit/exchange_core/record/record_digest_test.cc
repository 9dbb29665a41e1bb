// SPDX-License-Identifier: Apache-2.0
// Digests depend on declared content only: the writer's equal those recomputed from the record's bytes, for random
// schemas and rows, whatever the order of fields, and they differ by purpose, key and compared content.
#include <catch2/catch.hpp>
#include <numeric>

#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/rejected_row.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

std::string RandomText(ItemType type, base::SeededRandom& random) {
  static const char* const kWords[] = {"企业", "abc", "é", "0", " ", "𠮷", "\n", "\"", "街道办事处"};
  const auto number = [&] { return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64)); };
  switch (type) {
    case ItemType::kString: {
      std::string text;
      for (uint64_t n = random.Below(8); n > 0; --n) text += kWords[random.Below(std::size(kWords))];
      return text;
    }
    case ItemType::kInt64:
      return number();
    case ItemType::kDouble:
      return number() + "." + std::to_string(random.Below(1000));
    case ItemType::kBool:
      return random.Below(2) == 0 ? "是" : "false";
    case ItemType::kDate:
      return std::to_string(1000 + random.Below(9000)) + "/" + std::to_string(1 + random.Below(12)) + "/" +
             std::to_string(1 + random.Below(28));
    case ItemType::kTimestamp:
      return std::to_string(1000 + random.Below(9000)) + "-0" + std::to_string(1 + random.Below(9)) + "-1" +
             std::to_string(random.Below(10)) + " 1" + std::to_string(random.Below(10)) + ":00:59." +
             std::to_string(random.Below(1000000));
    case ItemType::kDecimal:
      return number() + "." + std::to_string(random.Below(1000)) + "0";
    case ItemType::kBytes:
      return random.Below(4) == 0 ? "" : "00ff" + std::to_string(10 + random.Below(90));
  }
  return "";
}

RecordSchema RandomSchema(base::SeededRandom& random) {
  RecordSchema schema;
  schema.resource = "random";
  schema.kind = random.Below(2) == 0 ? ResourceKind::kEntity : ResourceKind::kEvent;
  uint32_t field_number = 0;
  for (uint64_t n = 1 + random.Below(12); n > 0; --n) {
    field_number += 1 + static_cast<uint32_t>(random.Below(4) == 0 ? random.Below(100000) : 0);
    Item item = MakeItem("i" + std::to_string(field_number), field_number, static_cast<ItemType>(1 + random.Below(8)));
    item.compared = random.Below(4) != 0;
    item.empty_is_value = random.Below(3) == 0;
    item.ignore_case = random.Below(3) == 0;
    item.ignore_width = random.Below(3) == 0;
    schema.items.push_back(item);
  }
  const auto some = [&] {
    std::vector<uint32_t> chosen(schema.items.size());
    std::iota(chosen.begin(), chosen.end(), 0u);
    for (size_t i = chosen.size() - 1; i > 0; --i) std::swap(chosen[i], chosen[random.Below(i + 1)]);
    chosen.resize(1 + random.Below(chosen.size()));
    return chosen;
  };
  if (schema.kind == ResourceKind::kEntity || random.Below(2) == 0) schema.key_items = some();
  if (schema.kind == ResourceKind::kEvent && random.Below(2) == 0) schema.id_items = some();
  return schema;
}

// The fields of a record as pieces of its bytes.
std::vector<std::string> Pieces(std::string_view record) {
  std::vector<std::string> pieces;
  WireWalker walk(record);
  while (walk.Next()) pieces.emplace_back(walk.whole());
  REQUIRE(walk.ok());
  return pieces;
}

std::string Shuffled(std::string_view record, base::SeededRandom& random) {
  std::vector<std::string> pieces = Pieces(record);
  for (size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[random.Below(i)]);
  return std::accumulate(pieces.begin(), pieces.end(), std::string());
}

TEST_CASE("digests recomputed from a record's bytes equal the writer's") {
  base::SeededRandom random(TestSeed("record digests"));
  size_t written = 0;
  for (int round = 0; round < 400; ++round) {
    const RecordSchema schema = RandomSchema(random);
    RecordWriter writer(schema, TestKey());
    RecordBatch batch;
    for (int row = 0; row < 20; ++row) {
      std::vector<std::string> texts;
      std::vector<FieldText> values;
      for (const Item& item : schema.items) texts.push_back(RandomText(item.type, random));
      for (const std::string& text : texts) {
        values.push_back(random.Below(8) == 0 ? FieldText() : FieldText(text));
      }
      std::vector<FieldText> key_values;
      for (const uint32_t index : schema.key_items) key_values.push_back(values[index]);
      const size_t before = batch.size();
      const auto problem = writer.Append(values, Operation::kUpsert, {}, batch);
      if (problem) {
        CAPTURE(problem->detail);
        REQUIRE((problem->reason == "key_missing" || problem->reason == "id_missing"));
        REQUIRE(batch.size() == before);
        continue;
      }
      ++written;
      const RecordDigests expected = {batch.columns.id[before], batch.columns.key[before],
                                      batch.columns.fingerprint[before]};
      if (!schema.key_items.empty()) REQUIRE(writer.KeyDigest(key_values) == expected.key);
      REQUIRE(DigestRecord(schema, TestKey(), batch.record(before)) == expected);
      REQUIRE(DigestRecord(schema, TestKey(), Shuffled(batch.record(before), random)) == expected);
      REQUIRE(DigestRecord(schema, TestKey(99), batch.record(before)) != expected);
      if (schema.kind == ResourceKind::kEntity) REQUIRE(expected.id == expected.key);
      if (schema.key_items.empty()) REQUIRE(expected.id == expected.key);
    }
    RecordBatch again;
    REQUIRE(DecodeBatch(*EncodeBatch(batch), again).ok());
    REQUIRE(SameBatch(again, batch));
  }
  CHECK(written > 1000);
}

TEST_CASE("unknown fields count as content, in any order of the bytes") {
  const RecordSchema schema = CompanySchema();
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(9);
  values[0] = "k";
  values[4] = "42";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  const std::string record(batch.record(0));
  const std::string low = "\x50\x07", high = "\xa2\x06\x02hi";  // fields 10 (varint) and 100 (bytes)
  const auto plain = DigestRecord(schema, TestKey(), record);
  const auto extended = DigestRecord(schema, TestKey(), record + low + high);
  REQUIRE(extended);
  CHECK(extended->key == plain->key);
  CHECK(extended->fingerprint != plain->fingerprint);
  CHECK(DigestRecord(schema, TestKey(), high + record + low) == extended);
  CHECK(DigestRecord(schema, TestKey(), low + high + record) == extended);
  // As in protobuf, the last of a repeated known field counts; one of another wire type is unknown.
  CHECK(DigestRecord(schema, TestKey(), "\x28\x02" + record) == plain);
  CHECK(DigestRecord(schema, TestKey(), "\x2a\x01x" + record) != plain);
}

TEST_CASE("what is not compared does not change the fingerprint") {
  RecordSchema schema = CompanySchema();
  schema.items[6].compared = false;
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(9);
  values[0] = "k";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  values[6] = "2024-01-02 03:04:05";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  values[5] = "否";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  CHECK(batch.columns.fingerprint[0] == batch.columns.fingerprint[1]);
  CHECK(batch.columns.fingerprint[1] != batch.columns.fingerprint[2]);
}

TEST_CASE("a record without its key, or that is no message, has no digests") {
  const RecordSchema schema = CompanySchema();
  CHECK_FALSE(DigestRecord(schema, TestKey(), ""));
  CHECK_FALSE(DigestRecord(schema, TestKey(), "\x0a"));
  CHECK_FALSE(DigestRecord(schema, TestKey(), std::string("\x0a\x00", 2)));
  CHECK(DigestRecord(schema, TestKey(), "\x0a\x01k"));
  CHECK_FALSE(DigestRecord(schema, TestKey(), "\x0a\x01k\xff"));
}

TEST_CASE("parts of a key cannot run into each other") {
  RecordSchema schema = CompanySchema();
  schema.key_items = {0, 1};
  RecordWriter writer(schema, TestKey());
  CHECK(writer.KeyDigest({"ab", "c"}) != writer.KeyDigest({"a", "bc"}));
  CHECK_FALSE(writer.KeyDigest({"a", std::nullopt}));
}

TEST_CASE("a record goes to the batch of its partition") {
  const RecordSchema schema = CompanySchema();
  RecordWriter writer(schema, TestKey());
  std::vector<RecordBatch> partitions(4);
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i);
    std::vector<FieldText> values(9);
    values[0] = key;
    const base::Digest digest = *writer.KeyDigest({key});
    REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, partitions));
    CHECK(partitions[PartitionOf(digest, 4)].columns.key.back() == digest);
  }
  for (const RecordBatch& batch : partitions) CHECK(batch.size() > 20);
}

TEST_CASE("an unreadable row is the same row wherever it is read") {
  const RecordSchema schema = CompanySchema();
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  writer.AppendUnreadable({"ragged_row", "one reason"}, "a,b\xff\n", {0, 5}, batch);
  writer.AppendUnreadable({"encoding", "another \xff"}, "a,b\xff\n", {1, 9}, batch);
  writer.AppendUnreadable({"encoding", ""}, std::string(5 << 20, 'x'), {1, 10}, batch);
  REQUIRE(batch.size() == 3);
  CHECK(batch.columns.id[0] == batch.columns.id[1]);
  CHECK(batch.columns.operation[0] == Operation::kUnreadable);
  const auto row = DecodeRejectedRow(batch.record(0));
  REQUIRE(row.ok());
  CHECK(row->reason == "ragged_row");
  CHECK(row->raw == "a,b\xff\n");
  CHECK_FALSE(row->cut);
  const auto cut = DecodeRejectedRow(batch.record(2));
  REQUIRE(cut.ok());
  CHECK(cut->cut);
  CHECK(cut->raw_sha256 == base::AsBytes(base::Sha256(std::string(5 << 20, 'x'))));
  batch.header.files = {{1, "a"}, {2, "b"}};
  CHECK(EncodeBatch(batch).ok());
}

}  // namespace
}  // namespace datong::record
