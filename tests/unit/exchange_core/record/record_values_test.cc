// SPDX-License-Identifier: Apache-2.0
// Values are parsed strictly by their item's type: each accepted form has one canonical text, and what is not a value
// of the type becomes a problem that names item, value and expectation, never another value.
#include <catch2/catch.hpp>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/utf8.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

RecordSchema OneItem(ItemType type) {
  RecordSchema schema;
  schema.resource = "one";
  schema.kind = ResourceKind::kEvent;
  schema.items = {MakeItem("值", 1, type)};
  return schema;
}

// The canonical text of `text` after writing it as `type` and reading it back; "!reason" when it is a problem.
std::string Through(ItemType type, std::string_view text) {
  const RecordSchema schema = OneItem(type);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  if (const auto problem = writer.Append({text}, Operation::kUpsert, {}, batch)) {
    REQUIRE(batch.size() == 0);
    REQUIRE(batch.payload.empty());
    REQUIRE(base::IsValidUtf8(problem->detail));
    REQUIRE(problem->detail.find("值") != std::string::npos);
    return "!" + problem->reason;
  }
  const std::optional<std::string> back = FieldAsText(schema.items[0], batch.record(0));
  return back ? *back : "absent";
}

TEST_CASE("whole numbers") {
  const auto is = [](const char* text) { return Through(ItemType::kInt64, text); };
  CHECK(is("0") == "0");
  CHECK(is("-42") == "-42");
  CHECK(is("+7") == "7");
  CHECK(is("007") == "7");
  CHECK(is("9223372036854775807") == "9223372036854775807");
  CHECK(is("-9223372036854775808") == "-9223372036854775808");
  CHECK(is("") == "absent");
  for (const char* wrong : {"9223372036854775808", "1.0", "1e3", " 1", "1 ", "0x10", "--1", "+-1", "+", "-", "一"}) {
    CAPTURE(wrong);
    CHECK(is(wrong) == "!type");
  }
}

TEST_CASE("floating-point numbers") {
  const auto is = [](const char* text) { return Through(ItemType::kDouble, text); };
  CHECK(is("1.5") == "1.5");
  CHECK(is("0.1") == "0.1");
  CHECK(is("1e3") == "1000");
  CHECK(is("-0") == "0");
  CHECK(is("2.2250738585072014e-308") == "2.2250738585072014e-308");
  for (const char* wrong : {"inf", "-inf", "nan", "1e999", "1,5", "1.5x", "0x1p3", "."}) {
    CAPTURE(wrong);
    CHECK(is(wrong) == "!type");
  }
}

TEST_CASE("booleans") {
  for (const char* yes : {"true", "1", "是"}) CHECK(Through(ItemType::kBool, yes) == "true");
  for (const char* no : {"false", "0", "否"}) CHECK(Through(ItemType::kBool, no) == "false");
  for (const char* wrong : {"TRUE", "yes", "2", "对", "t"}) CHECK(Through(ItemType::kBool, wrong) == "!type");
}

TEST_CASE("dates") {
  const auto is = [](const char* text) { return Through(ItemType::kDate, text); };
  for (const char* same : {"20240229", "2024-02-29", "2024/2/29", "2024/02/29", "2024年2月29日", "2024年02月29日"}) {
    CAPTURE(same);
    CHECK(is(same) == "2024-02-29");
  }
  CHECK(is("1970-01-01") == "1970-01-01");
  CHECK(is("0001-01-01") == "0001-01-01");
  CHECK(is("9999-12-31") == "9999-12-31");
  CHECK(is("1899-12-31") == "1899-12-31");
  for (const char* wrong : {"2023-02-29", "2024-2-29", "2024-13-01", "2024-00-10", "2024-04-31", "20240230",
                            "0000-01-01", "240229", "2024/2/30", "2024年2月30日", "2024年2月29", "2024-02-29 ",
                            "2024-02-29T00:00:00Z", "2024-02/29", "10000-01-01", "2024.02.29"}) {
    CAPTURE(wrong);
    CHECK(is(wrong) == "!type");
  }
}

TEST_CASE("timestamps") {
  const auto is = [](const char* text) { return Through(ItemType::kTimestamp, text); };
  CHECK(is("2024-01-02T03:04:05Z") == "2024-01-02T03:04:05.000000Z");
  CHECK(is("2024-01-02t03:04:05.5z") == "2024-01-02T03:04:05.500000Z");
  CHECK(is("2024-01-02T03:04:05.123456+08:00") == "2024-01-01T19:04:05.123456Z");
  CHECK(is("2024-01-02T03:04:05-09:30") == "2024-01-02T12:34:05.000000Z");
  CHECK(is("2024-01-02 03:04:05") == "2024-01-02T03:04:05.000000Z");
  CHECK(is("2024-01-02 03:04:05.1234560") == "2024-01-02T03:04:05.123456Z");
  CHECK(is("2024-01-02 03:04:05+08") == "2024-01-01T19:04:05.000000Z");
  CHECK(is("0001-01-01T00:00:00-08:00") == "0001-01-01T08:00:00.000000Z");
  CHECK(is("9999-12-31T23:59:59Z") == "9999-12-31T23:59:59.000000Z");
  CHECK(is("1969-12-31 23:59:59.999999") == "1969-12-31T23:59:59.999999Z");
  for (const char* wrong :
       {"2024-01-02", "2024-01-02T03:04:05", "2024-01-02T24:00:00Z", "2024-01-02T03:60:00Z", "2024-01-02T03:04:60Z",
        "2023-02-29T00:00:00Z", "2024-01-02 03:04:05.1234567", "2024-01-02 03:04:05.", "2024-01-02 3:04:05",
        "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05+0800", "2024-01-02T03:04:05Z ", "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-05:00"}) {
    CAPTURE(wrong);
    CHECK(is(wrong) == "!type");
  }
}

TEST_CASE("decimals become canonical") {
  const auto is = [](const char* text) { return Through(ItemType::kDecimal, text); };
  CHECK(is("12.50") == "12.5");
  CHECK(is("+12") == "12");
  CHECK(is("0012.0") == "12");
  CHECK(is("-007.10") == "-7.1");
  CHECK(is(".5") == "0.5");
  CHECK(is("-.50") == "-0.5");
  CHECK(is("0") == "0");
  CHECK(is("-0.00") == "0");
  CHECK(is("000") == "0");
  CHECK(is("100") == "100");
  CHECK(is("123456789012345678901234567890.000000000000000001") == "123456789012345678901234567890.000000000000000001");
  for (const char* wrong : {"1e5", "1,000", "5.", ".", "-", "+", "1.2.3", " 1", "--1", "１", "1-"}) {
    CAPTURE(wrong);
    CHECK(is(wrong) == "!type");
  }
}

TEST_CASE("bytes are hexadecimal") {
  CHECK(Through(ItemType::kBytes, "00fFA0") == "00ffa0");
  for (const char* wrong : {"0", "0g", "zz", "00 11"}) CHECK(Through(ItemType::kBytes, wrong) == "!type");
}

TEST_CASE("text must be UTF-8") {
  for (const char* right : {"plain", "中文", "é", "𠮷", "\xf4\x8f\xbf\xbf", "a long enough line of ASCII, then 汉字"}) {
    CHECK(Through(ItemType::kString, right) == right);
  }
  for (const char* wrong : {"\xb5\xd8", "abc\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf0\x80\x80\x80", "\xe4\xb8", "\xf0\xa0\xae", "12345678\x80", "\xc3"}) {
    CHECK(Through(ItemType::kString, wrong) == "!encoding");
  }
}

TEST_CASE("a problem quotes at most 200 bytes of the value, whole characters only") {
  const RecordSchema schema = OneItem(ItemType::kInt64);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::string value;
  for (int i = 0; i < 500; ++i) value += "中";
  const auto problem = writer.Append({value}, Operation::kUpsert, {}, batch);
  REQUIRE(problem);
  CHECK(problem->detail.size() < 300);
  CHECK(base::IsValidUtf8(problem->detail));
}

TEST_CASE("absent, empty and required") {
  RecordSchema schema = CompanySchema();
  schema.items[1].empty_is_value = true;
  schema.items[4].required = true;
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(9);
  values[0] = "k1";
  auto problem = writer.Append(values, Operation::kUpsert, {}, batch);
  REQUIRE(problem);
  CHECK(problem->reason == "required");
  CHECK_FALSE(writer.Append(values, Operation::kDelete, {}, batch));  // a delete needs its key only
  values[4] = "5";
  CHECK_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  values[1] = "";
  values[3] = "";
  CHECK_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  CHECK_FALSE(FieldAsText(schema.items[1], batch.record(1)));
  CHECK(FieldAsText(schema.items[1], batch.record(2)) == std::string());
  CHECK_FALSE(FieldAsText(schema.items[3], batch.record(2)));
  CHECK(batch.columns.fingerprint[1] != batch.columns.fingerprint[2]);
  CHECK(batch.columns.key[1] == batch.columns.key[2]);
  values[0] = "";
  problem = writer.Append(values, Operation::kDelete, {}, batch);
  REQUIRE(problem);
  CHECK(problem->reason == "key_missing");
  CHECK(batch.size() == 3);
}

TEST_CASE("a record may have the largest size and no more") {
  const RecordSchema schema = OneItem(ItemType::kString);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  const std::string largest(base::kRecordBytesMax - 5, 'x');  // tag and four bytes of length
  CHECK_FALSE(writer.Append({largest}, Operation::kUpsert, {}, batch));
  CHECK(batch.payload.size() == base::kRecordBytesMax);
  for (const size_t size : {largest.size() + 1, 3 * base::kRecordBytesMax}) {
    const std::string large(size, 'x');
    const auto problem = writer.Append({large}, Operation::kUpsert, {}, batch);
    REQUIRE(problem);
    CHECK(problem->reason == "too_large");
  }
  CHECK(batch.size() == 1);
}

TEST_CASE("version and event time come from their items") {
  RecordSchema schema = CompanySchema();
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(9);
  values[0] = "k";
  values[2] = "1970-01-03";
  values[6] = "1970-01-01T00:00:01Z";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {0, 8}, batch));
  CHECK(batch.columns.version[0] == 1'000'000);
  CHECK(batch.columns.event_time[0] == 2 * 86'400'000'000);
  CHECK(batch.columns.row[0] == 8);
  values[2] = values[6] = std::nullopt;
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  CHECK(batch.columns.version[1] == 0);
  CHECK(batch.columns.event_time[1] == 0);

  schema.version_item = 4;
  schema.event_time_item = 6;
  values[4] = "-3";
  values[6] = "1970-01-01T00:00:01Z";
  RecordWriter other(schema, TestKey());
  REQUIRE_FALSE(other.Append(values, Operation::kUpsert, {}, batch));
  CHECK(batch.columns.version[2] == -3);
  CHECK(batch.columns.event_time[2] == 1'000'000);
}

}  // namespace
}  // namespace datong::record
