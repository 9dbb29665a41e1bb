// SPDX-License-Identifier: Apache-2.0
// A view's stream carries the publisher's batch untouched only when nothing outside the view can leave with it; else it
// carries the selected records with permitted fields, and columns that say nothing of the hidden ones.
#include <catch2/catch.hpp>

#include "exchange_core/pipeline/route_stage.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;
using record::Operation;

// Companies with an item that is the version, and the same batch as bytes, as columns and as a body.
struct Crossing {
  record::RecordSchema schema;
  record::RecordBatch batch;
  std::string bytes;
  broker::Body body;
  record::PackedBatch packed;
  std::string buffer;
  RouteStage stage;

  Crossing() {
    schema.resource = "companies";
    schema.resource_id = 5;
    schema.version = 1;
    for (uint32_t field = 1; field <= 3; ++field) {
      record::Item item;
      item.name = std::string("item") + std::to_string(field);
      item.field_number = field;
      item.type = field == 3 ? record::ItemType::kInt64 : record::ItemType::kString;
      schema.items.push_back(item);
    }
    schema.key_items = {0};
    schema.version_item = 2;
    base::DigestKey key;
    key.id = 1;
    record::RecordWriter writer(schema, key);
    batch.header.resource_id = 5;
    batch.header.schema_version = 1;
    batch.header.publisher_id = 9;
    batch.header.digest_key_id = 1;
    batch.header.resume_position = "my own business";
    batch.header.files = {{1, "a.csv"}};
    for (uint64_t i = 0; i < 4; ++i) {
      const std::string code = "C" + std::to_string(i);
      REQUIRE(!writer.Append({code, "name of " + code, std::to_string(i + 10)}, Operation::kUpsert, {0, i + 1}, batch));
    }
    bytes = *record::EncodeBatch(batch);
    body = broker::Body(bytes);
    REQUIRE(record::DecodeColumns(body.bytes(), packed).ok());
  }

  static catalog::View ViewOf(record::Projection projection) {
    catalog::View view;
    view.id = 1;
    view.resource_id = 5;
    view.projection = std::make_shared<const record::Projection>(std::move(projection));
    return view;
  }
  Routed Route(const catalog::View& view, const std::vector<Verdict>& verdicts) {
    LazyPayload payload(packed, buffer);
    auto routed = stage.Route(view, schema, packed, body, verdicts, payload);
    INFO(routed.status());
    REQUIRE(routed.ok());
    return *std::move(routed);
  }
};

record::RecordBatch Opened(const Routed& routed) {
  record::RecordBatch batch;
  REQUIRE(routed.parts.size() == 1);
  CHECK(routed.parts[0].records == routed.records);
  REQUIRE(record::DecodeBatch(routed.parts[0].body.bytes(), batch).ok());
  return batch;
}

uint8_t Code(Operation operation) { return static_cast<uint8_t>(operation); }

}  // namespace

TEST_CASE("who takes everything gets the publisher's batch itself, with a selection beside it") {
  Crossing c;
  const Routed routed = c.Route(Crossing::ViewOf(record::Projection::Everything()),
                                {Verdict::kInserted, Verdict::kDuplicate, Verdict::kUpdated, Verdict::kStale});
  CHECK(routed.records == 2);
  REQUIRE(routed.parts.size() == 1);
  CHECK(routed.parts[0].body.identity() == c.body.identity());
  CHECK(routed.operations == std::vector<uint8_t>{Code(Operation::kInsert), 0, Code(Operation::kUpdate), 0});
  CHECK(c.buffer.empty());  // the payload was not opened
}

TEST_CASE("a form of a record per message gets what is delivered and no more: no row that left its content out") {
  Crossing c;
  c.batch.columns.operation[3] = Operation::kSame;
  c.batch.columns.same_entry = {7};
  c.batch.columns.payload_end[3] = c.batch.columns.payload_end[2];
  c.batch.payload.resize(c.batch.columns.payload_end[2]);
  c.bytes = *record::EncodeBatch(c.batch);
  c.body = broker::Body(c.bytes);
  REQUIRE(record::DecodeColumns(c.body.bytes(), c.packed).ok());
  catalog::View view = Crossing::ViewOf(record::Projection::Everything());
  view.form = GENERATE(catalog::DeliveryForm::kRecords, catalog::DeliveryForm::kJson);
  const Verdict as_it_was = GENERATE(Verdict::kUnchanged, Verdict::kDuplicate, Verdict::kContentLeftOut);
  const Routed routed = c.Route(view, {Verdict::kInserted, Verdict::kDuplicate, Verdict::kUpdated, as_it_was});
  CHECK(routed.records == 2);
  CHECK(routed.operations.empty());
  const record::RecordBatch out = Opened(routed);
  REQUIRE(out.size() == 2);
  CHECK(out.record(0) == c.batch.record(0));
  CHECK(out.record(1) == c.batch.record(2));
}

TEST_CASE("a record that was never delivered does not travel along") {
  Crossing c;
  const Verdict kept_back = GENERATE(Verdict::kMalformedRecord, Verdict::kUnreadableRow, Verdict::kUnauthorized,
                                     Verdict::kWrongPartition, Verdict::kStaged);
  const Routed routed = c.Route(Crossing::ViewOf(record::Projection::Everything()),
                                {Verdict::kInserted, kept_back, Verdict::kUpdated, Verdict::kDeleted});
  CHECK(routed.records == 3);
  CHECK(routed.operations.empty());
  const record::RecordBatch out = Opened(routed);
  REQUIRE(out.size() == 3);
  CHECK(out.record(0) == c.batch.record(0));
  CHECK(out.record(1) == c.batch.record(2));
  CHECK(out.columns.operation == std::vector{Operation::kInsert, Operation::kUpdate, Operation::kDelete});
  CHECK(out.columns.row == std::vector<uint64_t>{1, 3, 4});
  CHECK(out.columns.fingerprint[1] == c.batch.columns.fingerprint[2]);
  CHECK(out.columns.version == std::vector<int64_t>{10, 12, 13});
  CHECK(out.header.publisher_id == 0);
  CHECK(out.header.resume_position.empty());
  CHECK(out.header.files == c.batch.header.files);
}

TEST_CASE("what a projection hides is neither in the records nor in the columns") {
  Crossing c;
  const Routed routed = c.Route(Crossing::ViewOf(record::Projection({1})),
                                {Verdict::kInserted, Verdict::kUnchanged, Verdict::kUpdated, Verdict::kDuplicate});
  const record::RecordBatch out = Opened(routed);
  REQUIRE(out.size() == 2);
  for (size_t i = 0; i < out.size(); ++i) {
    CHECK(record::FieldAsText(c.schema.items[0], out.record(i)) == (i == 0 ? "C0" : "C2"));
    CHECK(!record::FieldAsText(c.schema.items[1], out.record(i)));
    CHECK(!record::FieldAsText(c.schema.items[2], out.record(i)));
    CHECK(out.columns.fingerprint[i] == base::Digest());
    CHECK(out.columns.version[i] == 0);
  }
  CHECK(routed.parts[0].body.bytes().find("name of") == std::string_view::npos);
}

TEST_CASE("a column that repeats a permitted item stays") {
  Crossing c;
  const Routed routed =
      c.Route(Crossing::ViewOf(record::Projection({1, 3})), std::vector<Verdict>(4, Verdict::kInserted));
  CHECK(Opened(routed).columns.version == std::vector<int64_t>{10, 11, 12, 13});
}

TEST_CASE("where nothing is accepted nothing is packed") {
  Crossing c;
  const Routed routed =
      c.Route(Crossing::ViewOf(record::Projection({1})),
              {Verdict::kDuplicate, Verdict::kStale, Verdict::kMalformedRecord, Verdict::kUnchangedNewer});
  CHECK(routed.records == 0);
  CHECK(routed.parts.empty());
}

TEST_CASE("what is too large for one batch goes in parts, each with the files of its own records") {
  Crossing c;
  record::RecordBatch batch = c.batch;
  batch.header.codec = record::Codec::kNone;
  batch.header.files = {{1, "a.csv"}, {2, "b.csv"}, {3, "c.csv"}};
  batch.columns.file_index = {0, 2, 2, 1};
  batch.payload.clear();
  for (size_t i = 0; i < batch.size(); ++i) {
    batch.payload += "\x0a\x80\x80\xc0\x01";  // field 1: 3 MiB of text
    batch.payload.append(size_t{3} << 20, static_cast<char>('a' + i));
    batch.columns.payload_end[i] = static_cast<uint32_t>(batch.payload.size());
  }
  const std::vector<uint8_t> operations(4, Code(Operation::kInsert));
  const auto parts = c.stage.Repack(Crossing::ViewOf(record::Projection::Everything()), c.schema, batch.header,
                                    batch.columns, batch.payload, operations);
  INFO(parts.status());
  REQUIRE(parts.ok());
  REQUIRE(parts->size() == 2);
  std::vector<std::string> files;
  size_t record = 0;
  for (const PackedPart& part : *parts) {
    record::RecordBatch out;
    REQUIRE(record::DecodeBatch(part.body.bytes(), out).ok());
    REQUIRE(part.records == out.size());
    for (size_t i = 0; i < out.size(); ++i, ++record) {
      CHECK(out.record(i) == batch.record(record));
      CHECK(out.columns.key[i] == batch.columns.key[record]);
      files.push_back(out.header.files.at(out.columns.file_index[i]).name);
    }
  }
  CHECK(files == std::vector<std::string>{"a.csv", "c.csv", "c.csv", "b.csv"});
  record::RecordBatch second;
  REQUIRE(record::DecodeBatch(parts->back().body.bytes(), second).ok());
  CHECK(second.header.files.size() == 2);
}

}  // namespace datong::pipeline
