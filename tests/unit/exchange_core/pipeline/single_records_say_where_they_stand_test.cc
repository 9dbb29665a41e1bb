// SPDX-License-Identifier: Apache-2.0
// A delivery in a form for foreign readers is one message per record: its key, its value, no value for a delete, and
// attributes that number it without a gap; its envelope gives the exchange's own readers the same record back.
#include <catch2/catch.hpp>
#include <map>

#include "exchange_core/base/limits.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/record_messages.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_json.h"
#include "exchange_core/record/record_writer.h"

namespace datong::pipeline {
namespace {

using catalog::DeliveryForm;
using record::Operation;

struct Delivery {
  std::shared_ptr<record::RecordSchema> schema = std::make_shared<record::RecordSchema>();
  catalog::Resource resource;
  catalog::View view;
  record::RecordBatch batch;
  ledger::v1::DeliveryEnvelope envelope;

  explicit Delivery(DeliveryForm form) {
    for (uint32_t field = 1; field <= 2; ++field) {
      record::Item item;
      item.name = field == 1 ? "code" : "remark";
      item.field_number = field;
      schema->items.push_back(item);
    }
    schema->version = 3;
    schema->key_items = {0};
    resource.id = 7;
    resource.name = "企业 a";
    resource.schema = schema;
    resource.versions = {schema};
    view.id = 4;
    view.form = form;
    batch.header.resource_id = 7;
    batch.header.schema_version = 3;
    batch.header.files = {{1, "a.csv"}, {2, "b.csv"}};
    envelope.set_lane(2);
    envelope.set_first_sequence(11);
    envelope.set_view_id(4);
    envelope.set_resource_id(7);
    envelope.set_input_partition(1);
    envelope.set_input_position(99);
    envelope.set_receive_time(1'700'000'000'000'001);
  }
  void Add(const std::string& code, const std::string& remark, Operation operation, uint32_t file, uint64_t row) {
    record::RecordWriter writer(*schema, base::DigestKey{1, {}});
    REQUIRE_FALSE(writer.Append({code, remark}, operation, {file, row}, batch).has_value());
    envelope.set_records(static_cast<uint32_t>(batch.size()));
  }
  std::vector<DeliveryMessage> Messages() const {
    return MessagesOf(view, resource, envelope, broker::Body(record::EncodeBatch(batch).value()));
  }
};

std::map<std::string, std::string> Attributes(const DeliveryMessage& message) {
  return {message.attributes.begin(), message.attributes.end()};
}

TEST_CASE("each record is a message that says where it stands") {
  const DeliveryForm form = GENERATE(DeliveryForm::kRecords, DeliveryForm::kJson);
  Delivery delivery(form);
  delivery.Add("C1", "first", Operation::kInsert, 0, 5);
  delivery.Add("C,2", "", Operation::kUpdate, 1, 6);
  delivery.Add("C3", "last content", Operation::kDelete, 1, 0);
  const auto messages = delivery.Messages();
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].key == "C1");
  CHECK(messages[1].key == "C,2");
  CHECK(messages[2].key == "C3");
  if (form == DeliveryForm::kJson) {
    CHECK(messages[0].body.bytes() == R"({"code":"C1","remark":"first"})");
    CHECK(messages[1].body.bytes() == R"({"code":"C,2"})");
  } else {
    CHECK(messages[0].body.bytes() == delivery.batch.record(0));
    CHECK(messages[1].body.bytes() == delivery.batch.record(1));
  }
  CHECK(messages[2].body.bytes().data() == nullptr);  // no value at all, which is not the same as an empty one
  const auto first = Attributes(messages[0]), last = Attributes(messages[2]);
  CHECK(first.at("ce_id") == "stream-4-2-11");
  CHECK(first.at("ce_source") == "/resources/%E4%BC%81%E4%B8%9A%20a");
  CHECK(first.at("ce_type") == "datong.insert");
  CHECK(first.at("ce_time") == "2023-11-14T22:13:20.000001Z");
  CHECK(first.at("datong_source_position") == "pub.7/1@99");
  CHECK(first.at("datong_schema_version") == "3");
  CHECK(first.at("datong_file") == "a.csv");
  CHECK(first.at("datong_row") == "5");
  CHECK(first.at("content-type") == (form == DeliveryForm::kJson ? "application/json" : "application/protobuf"));
  CHECK(last.at("datong_sequence") == "13");
  CHECK(last.at("datong_operation") == "delete");
  CHECK(last.count("content-type") == 0);
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto envelope = DecodeDeliveryEnvelope(messages[i].envelope).value();
    CHECK(envelope.first_sequence() == 11 + i);
    CHECK(envelope.records() == 1);
    record::RecordBatch one;
    REQUIRE(record::DecodeBatch(envelope.record_batch(), one).ok());
    CHECK(one.columns.key[0] == delivery.batch.columns.key[i]);
    CHECK(one.columns.operation[0] == delivery.batch.columns.operation[i]);
    CHECK(one.columns.row[0] == delivery.batch.columns.row[i]);
  }
}

TEST_CASE("what foreign readers see comes back from what an engine without them has kept") {
  const DeliveryForm form = GENERATE(DeliveryForm::kPacked, DeliveryForm::kRecords, DeliveryForm::kJson);
  Delivery delivery(form);
  delivery.Add("C1", "first", Operation::kInsert, 0, 5);
  delivery.Add("C3", "last content", Operation::kDelete, 1, 0);
  for (const DeliveryMessage& made : delivery.Messages()) {
    broker::Message stored{9, made.key, made.envelope, made.body, 1};
    CHECK(RestoreForForeignReaders(delivery.resource, stored) == made.attributes);
    CHECK(stored.body.bytes() == made.body.bytes());
    CHECK((stored.body.bytes().data() == nullptr) == (made.body.bytes().data() == nullptr));
    // An empty value is kept as no value.
    broker::Message empty{9, made.key, made.envelope, broker::Body(), 1};
    const auto attributes = RestoreForForeignReaders(delivery.resource, empty);
    const bool a_record = form != DeliveryForm::kPacked;
    const bool deleted = a_record && made.body.bytes().data() == nullptr;
    if (a_record) CHECK((empty.body.bytes().data() == nullptr) == deleted);
    CHECK(attributes == made.attributes);
  }
  broker::Message foreign{9, "key", "no envelope of ours", broker::Body("body"), 1};
  CHECK(RestoreForForeignReaders(delivery.resource, foreign).empty());
  CHECK(foreign.body.bytes() == "body");
}

TEST_CASE("what is sent again to one subscription has names of its own") {
  Delivery delivery(DeliveryForm::kJson);
  delivery.Add("C1", "", Operation::kInsert, 0, 1);
  delivery.envelope.set_subscription_id(8);
  CHECK(Attributes(delivery.Messages()[0]).at("ce_id") == "again-8-2-11");
}

TEST_CASE("a record that JSON would make too large goes as protobuf, and says so") {
  Delivery delivery(DeliveryForm::kJson);
  delivery.Add("C1", std::string(base::kBatchBytesMax / 5, '\x01'), Operation::kInsert, 0, 1);
  const auto message = delivery.Messages().at(0);
  CHECK(Attributes(message).at("content-type") == "application/protobuf");
  CHECK(message.body.bytes() == delivery.batch.record(0));
  CHECK_FALSE(DecodeDeliveryEnvelope(message.envelope)->json());
}

TEST_CASE("a delete of a record that no envelope could hold keeps what names it") {
  Delivery delivery(DeliveryForm::kRecords);
  delivery.Add("C1", std::string(size_t{2} << 20, 'x'), Operation::kDelete, 0, 1);
  const auto message = delivery.Messages().at(0);
  CHECK(message.envelope.size() < size_t{1} << 20);
  record::RecordBatch one;
  REQUIRE(record::DecodeBatch(DecodeDeliveryEnvelope(message.envelope)->record_batch(), one).ok());
  CHECK(record::RecordAsJson(*delivery.schema, one.record(0)) == R"({"code":"C1"})");
}

TEST_CASE("a key that is too long, or withheld, is its digest") {
  Delivery delivery(DeliveryForm::kRecords);
  delivery.Add(std::string(1025, 'k'), "", Operation::kInsert, 0, 1);
  CHECK(delivery.Messages().at(0).key == base::ToHex(delivery.batch.columns.key[0]));
}

TEST_CASE("a packed delivery stays one message, with the same numbers beside it") {
  Delivery delivery(DeliveryForm::kPacked);
  delivery.Add("C1", "", Operation::kInsert, 0, 1);
  delivery.Add("C2", "", Operation::kInsert, 0, 2);
  const auto messages = delivery.Messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].key.empty());
  const auto attributes = Attributes(messages[0]);
  CHECK(attributes.at("datong_sequence") == "11");
  CHECK(attributes.at("datong_records") == "2");
  CHECK(attributes.at("ce_type") == "datong.batch");
}

}  // namespace
}  // namespace datong::pipeline
