// SPDX-License-Identifier: Apache-2.0
// Whoever may write into a resource's topic may write anything into it. Whatever that is, on every engine: it gets a
// verdict and is in the books, lanes go on, and other publishers and subscribers notice nothing.
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/admin/quarantine_walk.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/batch_layout.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "tests/conformance/broker_conformance.h"
#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong::conformance {
namespace {

using ledger::Verdict;
using tests::Received;
using tests::TestSink;
using tests::TestSource;

// The registry writes into its topics itself; the police uses a source of the exchange's.
constexpr char kCatalog[] = R"(
departments: [{name: registry, kafka_user: registry}, {name: police}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, items: [code, name, {name: day, type: date}],
     key: [code]}
  - {name: people, provider: police, key_domain: company, kind: entity, items: [code, name], key: [code]}
grants:
  - {name: companies, resource: companies, department: tax, items: all, purpose: test}
  - {name: names, resource: companies, department: police, items: [code, name], purpose: test}
  - {name: people, resource: people, department: tax, items: all, purpose: test}
subscriptions:
  - {name: companies, grant: companies, start: beginning}
  - {name: people, grant: people, start: beginning}
)";
constexpr char kProjection[] = R"(
subscriptions:
  - {name: names, grant: names, start: beginning}
)";

void Reseal(std::string& bytes) {
  const size_t sealed = bytes.size() - record::kSealBytes;
  const base::Sha256Digest seal = base::Sha256(std::string_view(bytes).substr(0, sealed));
  std::memcpy(bytes.data() + sealed, seal.data(), seal.size());
}

// Changes the fixed header as `change` says and seals the batch again: a publisher that lies, not a damaged disk.
std::string Forge(std::string bytes, const std::function<void(record::FixedHeader&)>& change) {
  record::FixedHeader fixed;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  change(fixed);
  std::memcpy(bytes.data(), &fixed, sizeof fixed);
  Reseal(bytes);
  return bytes;
}

// One exchange with a hostile publisher of companies, and everybody else.
class HostileWorld {
 public:
  explicit HostileWorld(BrokerUnderTest& under_test) : under_test_(under_test) {
    Open();
    Apply(kCatalog);
  }

  void Open() {
    node::ExchangeOptions options;
    options.directory = directory_.path();
    options.files = &base::PosixFileSystem();
    options.clock = &clock_;
    options.random = &random_;
    options.steps = &base::NoObserver();
    options.scheduler = &scheduler_;
    options.broker = &under_test_.broker();
    options.lanes = 1;  // the hostile publisher and the others share it
    auto exchange = node::Exchange::Open(options, nullptr);
    INFO(exchange.status());
    REQUIRE(exchange.ok());
    exchange_ = *std::move(exchange);
    exchange_->Start();
  }
  void Apply(const std::string& yaml) {
    const auto planned = exchange_->ApplyCatalog(yaml, "test", false);
    REQUIRE(planned.ok());
    for (const auto& finding : planned->findings) FAIL(finding.line << " " << finding.message);
    Settle();
  }
  void Settle() {
    scheduler_.RunUntilIdle();
    INFO(exchange_->Health());
    REQUIRE(exchange_->Health().ok());
    INFO(exchange_->Trouble());
    REQUIRE(exchange_->Trouble().ok());
  }

  const catalog::Resource& companies() { return *Catalog().FindResource("companies"); }
  const catalog::CatalogTable& Catalog() {
    catalog_ = exchange_->catalog();
    return *catalog_;
  }
  record::RecordBatch Batch(const std::vector<std::string>& codes, const std::string& name = "n", uint32_t file = 1) {
    const base::DigestKey key = Catalog().FindKeyDomain("company")->key;
    record::RecordWriter writer(*companies().schema, key);
    record::RecordBatch batch;
    batch.header.resource_id = companies().id;
    batch.header.schema_version = 1;
    batch.header.publisher_id = companies().provider_id;
    batch.header.source_id = 1;
    batch.header.publisher_epoch = 1;
    batch.header.publisher_sequence = file;
    batch.header.digest_key_id = key.id;
    batch.header.files = {{file, "f.csv"}};
    for (const std::string& code : codes) {
      REQUIRE(!writer.Append({code, name, "2024-05-01"}, record::Operation::kUpsert, {0, batch.size() + 1}, batch));
    }
    return batch;
  }
  std::string Encoded(const std::vector<std::string>& codes, const std::string& name = "n", uint32_t file = 1) {
    return *record::EncodeBatch(Batch(codes, name, file));
  }
  void Append(const std::string& body, const std::string& envelope = "") {
    const auto writer = under_test_.broker().OpenWriter("a program of the registry's");
    REQUIRE(writer.ok());
    const auto transaction = (*writer)->Begin();
    (*transaction)->Append({companies().publish_topic(), 0}, "", envelope, broker::Body(body));
    REQUIRE((*transaction)->Commit().ok());
  }

  std::map<Verdict, uint64_t> Verdicts(const std::string& resource = "companies") {
    for (const auto& books : exchange_->books().resources) {
      if (books.resource == resource) return books.verdicts;
    }
    return {};
  }
  std::vector<std::string> Quarantined() {
    std::vector<std::string> reasons;
    const absl::Status walked = admin::WalkQuarantine(*exchange_, "companies", [&](const auto& row) {
      reasons.push_back(row.reason);
      return true;
    });
    INFO(walked);
    REQUIRE(walked.ok());
    return reasons;
  }

  // Everybody else: the police publishes, the honest part of the registry publishes, subscribers take what is theirs,
  // somebody subscribes to the past, the books balance, a restart finds the same.
  void RequireThatNobodyWasHarmed(const std::vector<std::string>& codes_before = {}) {
    {
      TestSource police(*exchange_, "police", "people");
      police.PublishUnit("people.csv", "people", {{"P1", "a"}, {"P2", "b"}});
    }
    Append(Encoded({"H1", "H2"}, "honest", 200));
    Settle();
    Apply(kProjection);  // repacks what was decided before
    Received companies, people, names;
    TestSink(*exchange_, "companies").TakeAll(companies);
    TestSink(*exchange_, "people").TakeAll(people);
    TestSink(*exchange_, "names").TakeAll(names);
    CHECK(people.inserts == 2);
    std::map<std::string, std::string> expected = {{"H1", ""}, {"H2", ""}};
    for (const std::string& code : codes_before) expected[code] = "";
    CHECK(companies.state.size() == expected.size());
    CHECK(names.state.size() == expected.size());
    for (const auto& [code, nothing] : expected) {
      CHECK(companies.state.contains(code));
      CHECK(names.state.contains(code));
    }
    CHECK(names.state["H1"] == "code=H1 name=honest ");
    CHECK(exchange_->books().balanced());
    CHECK(exchange_->VerifyIndexAgainstLedger().ok());
    for (const node::RunBooks& run : exchange_->runs()) {
      CHECK(run.resource == "people");
      CHECK(run.decided == 2);
    }
    const auto verdicts = Verdicts();
    exchange_.reset();
    Open();
    Settle();
    CHECK(Verdicts() == verdicts);
    CHECK(exchange_->books().balanced());
  }

  node::Exchange& exchange() { return *exchange_; }
  tests::ManualScheduler& scheduler() { return scheduler_; }

 private:
  BrokerUnderTest& under_test_;
  tests::TemporaryDirectory directory_;
  tests::StepClock clock_;
  base::SeededRandom random_{7};
  tests::ManualScheduler scheduler_;
  std::unique_ptr<node::Exchange> exchange_;
  std::shared_ptr<const catalog::CatalogTable> catalog_;
};

using Verdicts = std::map<Verdict, uint64_t>;

// `hostile` appends something; then the verdicts are `expected` and nobody was harmed.
void Judge(const std::function<void(HostileWorld&)>& hostile, const Verdicts& expected,
           const std::vector<std::string>& quarantined, const std::vector<std::string>& accepted = {}) {
  OnEveryEngine([&](BrokerUnderTest& under_test, const EngineUnderTest&) {
    HostileWorld world(under_test);
    hostile(world);
    world.Settle();
    CHECK(world.Verdicts() == expected);
    CHECK(world.Quarantined() == quarantined);
    world.RequireThatNobodyWasHarmed(accepted);
  });
}

}  // namespace

TEST_CASE("another department's name on a batch") {
  Judge(
      [](HostileWorld& world) {
        record::RecordBatch batch = world.Batch({"A", "B", "C"});
        batch.header.publisher_id = world.Catalog().FindDepartment("police")->id;
        world.Append(*record::EncodeBatch(batch));
        batch.header.publisher_id = 0;  // the exchange itself
        world.Append(*record::EncodeBatch(batch));
      },
      {{Verdict::kUnauthorized, 6}}, {});
}

TEST_CASE("a batch that says it is another resource's or another partition's") {
  Judge(
      [](HostileWorld& world) {
        record::RecordBatch batch = world.Batch({"A", "B"});
        batch.header.resource_id = world.Catalog().FindResource("people")->id;
        world.Append(*record::EncodeBatch(batch));
        batch.header.resource_id = 4711;
        world.Append(*record::EncodeBatch(batch));
        batch = world.Batch({"A"});
        batch.header.partition = 1;
        world.Append(*record::EncodeBatch(batch));
      },
      {{Verdict::kUnauthorized, 4}, {Verdict::kWrongPartition, 1}}, {"wrong_partition"});
}

TEST_CASE("counts and lengths that are lies") {
  Judge(
      [](HostileWorld& world) {
        const std::string honest = world.Encoded({"A", "B"});
        world.Append(Forge(honest, [](auto& fixed) { fixed.record_count = 1; }));
        world.Append(Forge(honest, [](auto& fixed) { fixed.record_count = 1'000'000; }));
        world.Append(Forge(honest, [](auto& fixed) { fixed.columns_bytes += 1; }));
        world.Append(Forge(honest, [](auto& fixed) { fixed.payload_bytes -= 1; }));
        world.Append(Forge(honest, [](auto& fixed) { fixed.stored_payload_bytes = 0xffffffff; }));
      },
      {}, std::vector<std::string>(5, "malformed_batch"));
}

TEST_CASE("what is no batch at all") {
  Judge(
      [](HostileWorld& world) {
        world.Append("{\"code\": \"A\"}");
        world.Append("DTRB");
        world.Append(std::string(8 << 20, 'x'));
        std::string damaged = world.Encoded({"A"});
        damaged[damaged.size() / 2] ^= 1;
        world.Append(damaged);
      },
      {}, std::vector<std::string>(4, "malformed_batch"));
}

TEST_CASE("a payload that does not open: nobody looked inside when it came, and everybody would later") {
  Judge(
      [](HostileWorld& world) {
        std::string bytes = world.Encoded({"A", "B"});
        record::FixedHeader fixed;
        std::memcpy(&fixed, bytes.data(), sizeof fixed);
        bytes[fixed.header_bytes + fixed.columns_bytes] ^= 0x55;  // where the compressed payload begins
        Reseal(bytes);
        world.Append(bytes);
      },
      {{Verdict::kMalformedRecord, 2}}, {"malformed_record", "malformed_record"});
}

TEST_CASE("digests that are not those of the content") {
  Judge(
      [](HostileWorld& world) {
        record::RecordBatch batch = world.Batch({"A", "B", "C", "D"});
        std::swap(batch.columns.key[0], batch.columns.key[1]);  // one company under another one's key
        std::swap(batch.columns.id[0], batch.columns.id[1]);
        batch.columns.fingerprint[2] = base::Digest();
        world.Append(*record::EncodeBatch(batch));
      },
      {{Verdict::kDigestMismatch, 3}, {Verdict::kInserted, 1}}, std::vector<std::string>(3, "digest_mismatch"), {"D"});
}

TEST_CASE("a row that says the same, by one who was never told what the exchange holds") {
  Judge(
      [](HostileWorld& world) {
        record::RecordBatch batch = world.Batch({"A"});
        batch.header.snapshot_id = 77;
        for (const uint32_t entry : {0u, 0xffffffffu}) {
          const uint64_t row = batch.size() + 1;
          const int64_t unknown = 0;
          record::RecordWriter::AppendSame({&entry, 1}, {&row, 1}, {&unknown, 1}, {&unknown, 1}, batch);
        }
        world.Append(*record::EncodeBatch(batch));
      },
      {{Verdict::kSnapshotDropped, 1}, {Verdict::kMalformedRecord, 2}},
      {"snapshot_dropped", "malformed_record", "malformed_record"});
}

TEST_CASE("values that no subscriber could be given") {
  Judge(
      [](HostileWorld& world) {
        record::RecordBatch batch = world.Batch({"A", "B"});
        const base::DigestKey key = world.Catalog().FindKeyDomain("company")->key;
        const size_t name = batch.payload.find("n", 4);  // of the first record
        REQUIRE(name < batch.columns.payload_end[0]);
        batch.payload[name] = '\xff';  // GBK, say
        const auto digests = record::DigestRecord(*world.companies().schema, key, batch.record(0));
        REQUIRE(digests);
        batch.columns.fingerprint[0] = digests->fingerprint;  // everything else about it is right
        world.Append(*record::EncodeBatch(batch));
      },
      {{Verdict::kMalformedRecord, 1}, {Verdict::kInserted, 1}}, {"malformed_record"}, {"B"});
}

TEST_CASE("a batch that comes again, at once and after a later one") {
  Judge(
      [](HostileWorld& world) {
        const std::string first = world.Encoded({"A", "B"}, "first", 1);
        const std::string second = world.Encoded({"A", "B"}, "second", 2);
        world.Append(first);
        world.Append(first);
        world.Append(second);
        world.Append(first);
        world.Append(second);
      },
      {{Verdict::kInserted, 2}, {Verdict::kUpdated, 2}, {Verdict::kDuplicate, 4}, {Verdict::kStale, 2}}, {},
      {"A", "B"});
}

TEST_CASE("a batch that says it is of somebody else's run, and marks of snapshots that are somebody else's") {
  OnEveryEngine([&](BrokerUnderTest& under_test, const EngineUnderTest&) {
    HostileWorld world(under_test);
    uint64_t dump = 0;
    {
      TestSource police(world.exchange(), "police", "people");
      dump = police.Begin({.name = "dump.csv", .identity = "dump", .full = true}).run;
      record::RecordBatch batch = world.Batch({"A"});
      batch.header.publisher_epoch = dump;
      world.Append(*record::EncodeBatch(batch));
      // A snapshot of companies under the number of the police's, begun, reported and ended before theirs.
      ledger::v1::SnapshotMark mark;
      mark.set_snapshot(dump);
      mark.set_source_id(1);
      mark.set_publisher_id(world.companies().provider_id);
      mark.mutable_begin()->set_file_sequence(1);
      world.Append("", snapshot::EncodeMark(mark));
      mark.mutable_end()->set_complete(true);
      world.Append("", snapshot::EncodeMark(mark));
      // Marks that are none.
      mark.mutable_begin()->set_file(std::string(100'000, 'f'));
      world.Append("", snapshot::EncodeMark(mark));
      mark.mutable_begin()->set_file(std::string(5'000, 'f'));
      mark.set_snapshot(900);
      world.Append("", snapshot::EncodeMark(mark));
      mark.mutable_begin()->set_file("f");
      mark.mutable_begin()->set_file_sequence(0xffffffff);
      world.Append("", snapshot::EncodeMark(mark));
      mark.mutable_begin()->set_file_sequence(1);
      mark.set_snapshot(uint64_t{1} << 40);
      world.Append("", snapshot::EncodeMark(mark));
      world.Append("", "no mark at all");
      world.Append("", "");
      world.Settle();
      police.PublishRows({.run = dump, .file_sequence = 1, .name = "dump.csv", .snapshot = true}, {{"P8", "a"}}, 0, 1);
      police.End("dump.csv", true);
    }
    world.Settle();
    const auto snapshots = world.exchange().snapshots();
    REQUIRE(snapshots.size() == 1);
    CHECK(snapshots[0].snapshot == dump);
    CHECK(snapshots[0].resource == "people");
    CHECK(snapshots[0].state == node::SnapshotBooks::State::kReleased);
    CHECK(world.Verdicts("people") == Verdicts{{Verdict::kInserted, 1}});
    CHECK(world.Verdicts() == Verdicts{{Verdict::kInserted, 1}});
    const auto runs = world.exchange().runs();
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].decided == 1);
    CHECK(runs[0].verdicts == Verdicts{{Verdict::kInserted, 1}});
    world.exchange().InspectLane(0, [](const pipeline::LaneView& lane) { CHECK(lane.snapshots.stages().empty()); });
    CHECK(world.exchange().books().balanced());
    CHECK(world.exchange().VerifyIndexAgainstLedger().ok());
  });
}

// 16 records of almost 4 MiB: 62 MiB in a few kilobytes.
std::string Bomb(HostileWorld& world, uint32_t file, std::vector<std::string>* codes) {
  std::vector<std::string> of_this;
  for (int i = 0; i < 16; ++i) of_this.push_back("bomb-" + std::to_string(file) + "-" + std::to_string(i));
  codes->insert(codes->end(), of_this.begin(), of_this.end());
  return world.Encoded(of_this, std::string(3'900'000, 'b'), file);
}

TEST_CASE("bombs of compression cost their publisher's turns and nobody else's") {
  OnEveryEngine([&](BrokerUnderTest& under_test, const EngineUnderTest&) {
    HostileWorld world(under_test);
    std::vector<std::string> codes;
    const std::string bomb = Bomb(world, 1, &codes);
    REQUIRE(bomb.size() < 200'000);
    for (int i = 0; i < 8; ++i) world.Append(bomb);
    {
      TestSource police(world.exchange(), "police", "people");
      police.PublishUnit("other.csv", "other", {{"P9", "a"}});
    }
    // One commit opens no more than its measure: the police's row is decided while most of the bombs wait.
    int steps = 0;
    while (world.Verdicts("people").empty() && ++steps < 100) world.scheduler().StepEach();
    const uint64_t decided = world.Verdicts()[Verdict::kInserted] + world.Verdicts()[Verdict::kDuplicate];
    CHECK(decided <= 3 * 2 * 16);
    world.Settle();
    CHECK(world.Verdicts() == Verdicts{{Verdict::kInserted, 16}, {Verdict::kDuplicate, 7 * 16}});
    CHECK(world.exchange().books().balanced());
  });
}

// A payload that its publisher's compressor packs far better than the exchange's does.
std::string WellPacked(HostileWorld& world, const std::vector<std::string>& codes) {
  std::string block(3'000'000, '\0');
  uint64_t state = 42;
  for (char& c : block) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>('!' + (state >> 33) % 90);  // text, and no two blocks within a small window are alike
  }
  record::RecordBatch batch = world.Batch(codes, block);
  std::string stored(ZSTD_compressBound(batch.payload.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  stored.resize(ZSTD_compress2(context, stored.data(), stored.size(), batch.payload.data(), batch.payload.size()));
  ZSTD_freeCCtx(context);
  std::fill(batch.payload.begin(), batch.payload.end(), 'p');  // of the same lengths
  std::string bytes = *record::EncodeBatch(batch);
  record::FixedHeader fixed;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  bytes.resize(fixed.header_bytes + fixed.columns_bytes);
  bytes += stored;
  bytes.append(record::kSealBytes, '\0');
  return Forge(bytes, [&](auto& header) {
    header.stored_payload_bytes = static_cast<uint32_t>(stored.size());
    header.total_bytes = static_cast<uint32_t>(bytes.size());
  });
}

TEST_CASE("deliveries that would be larger than a batch may be go in parts") {
  const std::vector<std::string> codes = {"W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"};
  Judge(
      [&](HostileWorld& world) {
        world.Apply(kProjection);
        const std::string bytes = WellPacked(world, codes);
        REQUIRE(bytes.size() < 4'000'000);
        world.Append(bytes);
      },
      {{Verdict::kInserted, 8}}, {}, codes);
}

TEST_CASE("more records than can be written about, and as much about them as there can be") {
  OnEveryEngine([&](BrokerUnderTest& under_test, const EngineUnderTest&) {
    HostileWorld world(under_test);
    record::RecordBatch batch = world.Batch({"A"});
    const auto repeat = [&](size_t records) {
      record::RecordBatch many = batch;
      while (many.size() < records) {
        const size_t i = many.size();
        many.columns.id.push_back(many.columns.id[0]);
        many.columns.key.push_back(many.columns.key[0]);
        many.columns.fingerprint.push_back(many.columns.fingerprint[0]);
        many.columns.operation.push_back(many.columns.operation[0]);
        many.columns.version.push_back(0);
        many.columns.event_time.push_back(0);
        many.columns.file_index.push_back(0);
        many.columns.row.push_back(i);
        many.payload += batch.payload;
        many.columns.payload_end.push_back(static_cast<uint32_t>(many.payload.size()));
      }
      return many;
    };
    world.Append(*record::EncodeBatch(repeat((size_t{1} << 17) + 1)));
    world.Settle();
    CHECK(world.Verdicts() == Verdicts{{Verdict::kMalformedRecord, (1u << 17) + 1}});
    // Small ones that fill most of a message of the ledger, and one that fills nearly a whole one, in one commit.
    std::vector<std::string> codes;
    for (int i = 0; i < 180'000; ++i) codes.push_back("K" + std::to_string(i));
    const auto wild = [&](size_t begin, size_t end, uint32_t file) {
      record::RecordBatch many = world.Batch(
          {codes.begin() + static_cast<ptrdiff_t>(begin), codes.begin() + static_cast<ptrdiff_t>(end)}, "n", file);
      uint64_t state = file;
      for (size_t i = 0; i < many.size(); ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        many.columns.version[i] = static_cast<int64_t>(state);
        many.columns.row[i] = state >> 24;
      }
      return *record::EncodeBatch(many);
    };
    world.Append(wild(0, 75'000, 300));
    world.Append(wild(75'000, 180'000, 301));
    world.Settle();
    CHECK(world.Verdicts()[Verdict::kInserted] == 180'000);
    CHECK(world.exchange().books().balanced());
    CHECK(world.exchange().VerifyIndexAgainstLedger().ok());
  });
}

}  // namespace datong::conformance
