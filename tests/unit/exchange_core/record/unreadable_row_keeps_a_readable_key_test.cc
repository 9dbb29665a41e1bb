// SPDX-License-Identifier: Apache-2.0
// A row that fails for another item's sake still says whose row it is; one whose key can't be read says that too.
#include <catch2/catch.hpp>

#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

struct Refused {
  std::string reason;
  bool key_known = false;
};

class Rows {
 public:
  explicit Rows(RecordSchema schema) : schema_(std::move(schema)), writer_(schema_, TestKey()) {
    good_.resize(schema_.items.size());
    good_[0] = "K1";
    REQUIRE_FALSE(writer_.Append(good_, Operation::kUpsert, {}, good_batch_));
  }
  // What becomes of the row of key K1 with `change` done to it, published as a runner does.
  template <typename Change>
  Refused Take(Change change) {
    std::vector<FieldText> values = good_;
    change(values);
    RecordBatch batch;
    const auto problem = writer_.Append(values, Operation::kUpsert, {}, batch);
    REQUIRE(problem);
    CHECK(batch.size() == 0);
    writer_.AppendUnreadable(*problem, "raw", {}, batch, writer_.KeyOfRow(values));
    CHECK(batch.columns.id[0] == batch.columns.fingerprint[0]);
    const bool known = batch.columns.key[0] != batch.columns.id[0];
    if (known) CHECK(batch.columns.key[0] == good_batch_.columns.key[0]);
    CHECK(EncodeBatch(batch).ok());
    return {problem->reason, known};
  }

 private:
  RecordSchema schema_;
  RecordWriter writer_;
  std::vector<FieldText> good_;
  RecordBatch good_batch_;
};

TEST_CASE("a fault of another item leaves the key known") {
  RecordSchema schema = CompanySchema();
  schema.items[2].required = false;
  Rows rows(schema);
  Refused refused = rows.Take([](auto& values) { values[4] = "many"; });
  CHECK(refused.reason == "type");
  CHECK(refused.key_known);
  refused = rows.Take([](auto& values) { values[1] = "\xb1\xb1"; });
  CHECK(refused.reason == "encoding");
  CHECK(refused.key_known);
  const std::string large(5 << 20, 'x');
  refused = rows.Take([&](auto& values) { values[1] = large; });
  CHECK(refused.reason == "too_large");
  CHECK(refused.key_known);
}

TEST_CASE("a required value that lacks elsewhere leaves the key known") {
  RecordSchema schema = CompanySchema();
  RecordWriter writer(schema, TestKey());
  schema.items[1].required = true;
  std::vector<FieldText> values(schema.items.size());
  values[0] = "K1";
  RecordBatch batch;
  const auto problem = writer.Append(values, Operation::kUpsert, {}, batch);
  REQUIRE(problem);
  CHECK(problem->reason == "required");
  CHECK(writer.KeyOfRow(values) == writer.KeyDigest({"K1"}));
}

TEST_CASE("a fault of the key itself leaves it unknown, and a missing key is called so, required or not") {
  for (const bool required : {false, true}) {
    RecordSchema schema = CompanySchema();
    schema.items[0].required = required;
    Rows rows(schema);
    for (const FieldText missing : {FieldText(), FieldText("")}) {
      const Refused refused = rows.Take([&](auto& values) { values[0] = missing; });
      CHECK(refused.reason == "key_missing");
      CHECK_FALSE(refused.key_known);
    }
    const Refused refused = rows.Take([](auto& values) { values[0] = "\xff"; });
    CHECK(refused.reason == "encoding");
    CHECK_FALSE(refused.key_known);
  }
}

}  // namespace
}  // namespace datong::record
