// SPDX-License-Identifier: Apache-2.0
// What a batch's header and columns say decides who may come in; records that were judged keep their verdict.
#include <catch2/catch.hpp>

#include "exchange_core/pipeline/admission_stage.h"
#include "exchange_core/record/record_writer.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;
using record::Operation;

// One batch of companies for `partition` and the verdicts of admission on it.
struct Entrance {
  LaneWorld world;
  const catalog::Resource& resource;
  uint32_t partition = 0;
  record::RecordBatch batch;

  explicit Entrance(const std::string& name = "companies") : resource(*world.table->FindResource(name)) {
    record::RecordWriter writer(*resource.schema, world.domain().key);
    for (int i = 0; batch.size() < 3; ++i) {
      const std::string code = "C" + std::to_string(i);
      record::RecordBatch both[2];
      const std::vector<record::FieldText> values(resource.schema->items.size(), std::string_view(code));
      REQUIRE(!writer.Append(values, Operation::kUpsert, {0, 1}, std::span(both)));
      if (both[0].size() > 0) REQUIRE(!writer.Append(values, Operation::kUpsert, {0, batch.size() + 1}, batch));
    }
    batch.header = world.HeaderOf(resource, 0);
  }

  std::vector<Verdict> Judge(std::vector<Verdict> verdicts = std::vector<Verdict>(3, Verdict::kUndecided)) const {
    record::PackedBatch packed;
    packed.header = batch.header;
    packed.columns = batch.columns;
    JudgeAdmission(resource, world.domain(), partition, packed, verdicts);
    return verdicts;
  }
};

std::vector<Verdict> All(Verdict verdict) { return std::vector<Verdict>(3, verdict); }

}  // namespace

TEST_CASE("a batch as it should be stays undecided") { CHECK(Entrance().Judge() == All(Verdict::kUndecided)); }

TEST_CASE("only a row of a dump may come without its content, and then without any") {
  Entrance e;
  e.batch.columns.operation[1] = Operation::kSame;
  e.batch.header.snapshot_id = GENERATE(0u, 9u);
  CHECK(e.Judge() == std::vector{Verdict::kUndecided, Verdict::kMalformedRecord, Verdict::kUndecided});
  e.batch.columns.payload_end[1] = e.batch.columns.payload_end[0];
  CHECK(e.Judge()[1] == (e.batch.header.snapshot_id == 0 ? Verdict::kMalformedRecord : Verdict::kUndecided));
}

TEST_CASE("the header alone decides for every record") {
  Entrance e;
  SECTION("somebody else's resource") {
    e.batch.header.publisher_id += 1;
    CHECK(e.Judge() == All(Verdict::kUnauthorized));
  }
  SECTION("the exchange itself does not publish") {
    e.batch.header.publisher_id = 0;
    CHECK(e.Judge() == All(Verdict::kUnauthorized));
  }
  SECTION("a schema version nobody applied") {
    e.batch.header.schema_version = GENERATE(0u, 2u, 0xffffffffu);
    CHECK(e.Judge() == All(Verdict::kUnknownSchema));
  }
  SECTION("another secret") {
    e.batch.header.digest_key_id += 1;
    CHECK(e.Judge() == All(Verdict::kDigestMismatch));
  }
  SECTION("a file number beyond the source's order") {
    e.batch.header.files.push_back({1u << 24, "too far"});
    CHECK(e.Judge() == All(Verdict::kBadSource));
  }
}

TEST_CASE("a record's own columns decide for it alone") {
  Entrance e;
  const Verdict fine = Verdict::kUndecided;
  SECTION("row number") {
    e.batch.columns.row[1] = uint64_t{1} << 40;
    CHECK(e.Judge() == std::vector<Verdict>{fine, Verdict::kBadSource, fine});
  }
  SECTION("unreadable at the source") {
    e.batch.columns.operation[0] = Operation::kUnreadable;
    CHECK(e.Judge() == std::vector<Verdict>{Verdict::kUnreadableRow, fine, fine});
  }
  SECTION("operations that only the exchange gives") {
    e.batch.columns.operation[2] = GENERATE(Operation::kInsert, Operation::kUpdate, static_cast<Operation>(77));
    CHECK(e.Judge() == std::vector<Verdict>{fine, fine, Verdict::kMalformedRecord});
  }
  SECTION("a key of another partition") {
    e.batch.columns.key[1].high = ~e.batch.columns.key[1].high;
    CHECK(e.Judge() == std::vector<Verdict>{fine, Verdict::kWrongPartition, fine});
  }
  SECTION("all of them where the batch came the wrong way") {
    e.partition = 1;
    CHECK(e.Judge() == All(Verdict::kWrongPartition));
  }
  SECTION("an entity may be deleted") {
    e.batch.columns.operation[0] = Operation::kDelete;
    CHECK(e.Judge() == All(fine));
  }
}

TEST_CASE("an event cannot be deleted and belongs where its id says") {
  Entrance e("visits");
  const Verdict fine = Verdict::kUndecided;
  CHECK(e.Judge() == All(fine));
  e.batch.columns.operation[0] = Operation::kDelete;
  e.batch.columns.id[2].high = ~e.batch.columns.id[2].high;
  CHECK(e.Judge() == std::vector<Verdict>{Verdict::kMalformedRecord, fine, Verdict::kWrongPartition});
}

TEST_CASE("a payload that is no message is found, and only where nothing was decided before") {
  Entrance e;
  std::string payload = e.batch.payload;
  payload[0] = '\xff';                               // the first record's first tag
  payload[e.batch.columns.payload_end[0]] = '\xff';  // the second's
  std::vector<Verdict> verdicts = {Verdict::kUndecided, Verdict::kUnreadableRow, Verdict::kUndecided};
  JudgePayload(e.batch.columns, payload, verdicts);
  CHECK(verdicts == std::vector<Verdict>{Verdict::kMalformedRecord, Verdict::kUnreadableRow, Verdict::kUndecided});
}

}  // namespace datong::pipeline
