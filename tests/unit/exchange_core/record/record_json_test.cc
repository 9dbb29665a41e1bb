// SPDX-License-Identifier: Apache-2.0
// A record in JSON is what its items say, and comes back as the same bytes.
#include "exchange_core/record/record_json.h"

#include <catch2/catch.hpp>

#include "exchange_core/record/record_writer.h"

namespace datong::record {
namespace {

RecordSchema Everything() {
  RecordSchema schema;
  const auto add = [&](const char* name, ItemType type) {
    Item item;
    item.name = name;
    item.field_number = static_cast<uint32_t>(schema.items.size()) * 20 + 1;
    item.type = type;
    schema.items.push_back(item);
  };
  add("code", ItemType::kString);
  add("名称", ItemType::kString);
  add("number", ItemType::kInt64);
  add("share", ItemType::kDouble);
  add("open", ItemType::kBool);
  add("founded", ItemType::kDate);
  add("seen", ItemType::kTimestamp);
  add("capital", ItemType::kDecimal);
  add("seal", ItemType::kBytes);
  schema.items[1].empty_is_value = true;
  schema.items[0].required = true;
  schema.key_items = {0};
  return schema;
}

std::string Written(const RecordSchema& schema, const std::vector<FieldText>& values) {
  RecordBatch batch;
  RecordWriter writer(schema, base::DigestKey{1, {}});
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch).has_value());
  return batch.payload;
}

TEST_CASE("items as text, absent ones left out") {
  const RecordSchema schema = Everything();
  const std::string record =
      Written(schema, {"C\"1\n", "", "-7", std::nullopt, "true", "1992-11-27", std::nullopt, "10.50", std::nullopt});
  CHECK(RecordAsJson(schema, record)
            .starts_with(
                R"({"code":"C\"1\n","名称":"","number":"-7","open":"true","founded":"1992-11-27","capital":"10.5)"));
}

TEST_CASE("what went out comes back, byte for byte") {
  const RecordSchema schema = Everything();
  for (const std::vector<FieldText>& values : std::vector<std::vector<FieldText>>{
           {"C1", "宁川市 𠀀", "9223372036854775807", "0.1", "false", "1970-01-01", "2026-03-01T08:00:00.000001Z",
            "-0.001", std::nullopt},
           {"C2", "", "0", "-1e300", "true", "0001-01-01", std::nullopt, "0", std::nullopt},
           {"\x01\\/\"", std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
            std::nullopt, std::nullopt}}) {
    const std::string record = Written(schema, values);
    std::string back = "before";
    REQUIRE(AppendRecordFromJson(schema, RecordAsJson(schema, record), back).ok());
    CHECK(back == "before" + record);
  }
}

TEST_CASE("a view's part of a record comes back without what is withheld") {
  RecordSchema seen = Everything();
  const std::string record =
      Written(seen, {"C1", "name", "1", "2", "true", "2020-02-02", std::nullopt, "3", std::nullopt});
  const std::string json = RecordAsJson(seen, record);
  seen.items.erase(seen.items.begin());  // the key, which is required
  seen.key_items.clear();
  std::string back;
  REQUIRE(AppendRecordFromJson(seen, json, back).ok());
  CHECK(RecordAsJson(Everything(), back).find("C1") == std::string::npos);
  CHECK(RecordAsJson(seen, back).find("2020-02-02") != std::string::npos);
}

TEST_CASE("what is no record in JSON is refused") {
  const RecordSchema schema = Everything();
  for (const char* wrong : {"", "null", "[]", "{", R"({"code":1})", R"({"code":"a","number":"seven"})"}) {
    std::string payload;
    CHECK(absl::IsInvalidArgument(AppendRecordFromJson(schema, wrong, payload)));
    CHECK(payload.empty());
  }
}

}  // namespace
}  // namespace datong::record
