// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/support/flaky_broker.h"
#include "tests/support/temporary_directory.h"

namespace datong::pipeline {

inline constexpr char kWorldCatalog[] = R"(
departments: [{name: registry}, {name: tax}, {name: social}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2,
     items: [code, name, address], key: [code]}
  - {name: visits, provider: registry, key_domain: company, kind: event, partitions: 2, items: [code, day], window: 30d}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
  - {name: some, resource: companies, department: social, items: [code, name], purpose: test}
  - {name: visits, resource: visits, department: tax, items: all, purpose: test}
subscriptions:
  - {name: all, grant: all, start: beginning}
  - {name: some, grant: some, start: beginning}
  - {name: visits, grant: visits, start: beginning}
)";

// A clock that moves one microsecond with every look, or as far as it is told.
class WorldClock final : public base::Clock {
 public:
  base::TimeUs Now() override { return ++now_; }
  void Advance(base::TimeUs by) { now_ += by; }

 private:
  base::TimeUs now_ = base::TimeUs{1'700'000'000} * 1'000'000;
};

using Row = std::vector<std::string>;  // one value per item

// What a lane needs around it, and nothing of the node: an engine with topics, a catalog, somebody who publishes.
class LaneWorld {
 public:
  LaneWorld() {
    embedded::EmbeddedOptions options;
    options.directory = directory_.path() + "/engine";
    options.clock = &clock;
    options.durability = embedded::Durability::kOs;
    options.position_gap_max = 3;
    auto opened = embedded::OpenEmbeddedBroker(options);
    INFO(opened.status());
    REQUIRE(opened.ok());
    engine_ = *std::move(opened);
    flaky = std::make_unique<tests::FlakyBroker>(*engine_);
    REQUIRE(flaky->CreateTopic(ledger::kLedgerTopic, {broker::TopicKind::kLedger, 1}).ok());
    REQUIRE(base::PosixFileSystem().MakeDirectories(checkpoints()).ok());
    Apply(kWorldCatalog);
  }

  void Apply(const std::string& yaml) {
    const catalog::PlannedChange planned = catalog::PlanChange(yaml, *table, clock.Now(), "test", random_);
    for (const auto& finding : planned.findings) FAIL(finding.line << ": " << finding.message);
    auto next = std::make_shared<catalog::CatalogTable>(*table);
    REQUIRE(catalog::ApplyFramed(planned.framed_change, *next).ok());
    for (const auto& [id, resource] : next->resources()) {
      REQUIRE(flaky->CreateTopic(resource.publish_topic(), {broker::TopicKind::kRecords, resource.partitions}).ok());
    }
    for (const auto& [id, department] : next->departments()) {
      REQUIRE(flaky->CreateTopic(QuarantineTopic(id), {broker::TopicKind::kRecords, 1}).ok());
    }
    for (const auto& [id, view] : next->views()) {
      REQUIRE(flaky->CreateTopic(view.stream_topic(), {broker::TopicKind::kRecords, 1}).ok());
    }
    for (const auto& [id, subscription] : next->subscriptions()) {
      REQUIRE(flaky->CreateTopic(AgainTopic(id), {broker::TopicKind::kRecords, 1}).ok());
    }
    table = std::move(next);
  }

  std::unique_ptr<Lane> NewLane() {
    LaneOptions options;
    options.broker = flaky.get();
    options.clock = &clock;
    options.files = &base::PosixFileSystem();
    options.steps = &base::NoObserver();
    options.checkpoint_directory = checkpoints();
    options.checkpoint_records = checkpoint_records;
    options.commit_batches_max = 4;
    options.catalog = [this] { return std::shared_ptr<const catalog::CatalogTable>(table); };
    return std::make_unique<Lane>(options);
  }
  std::unique_ptr<Lane> RecoveredLane(std::vector<std::string>* warnings = nullptr) {
    auto lane = NewLane();
    const absl::Status recovered = lane->Recover(false, warnings);
    INFO(recovered);
    REQUIRE(recovered.ok());
    return lane;
  }
  // Steps until nothing is left, whatever the lane waits for meanwhile.
  void Settle(Lane& lane) {
    for (int i = 0; i < 10'000; ++i) {
      const base::StepResult result = lane.Step();
      INFO(lane.status());
      REQUIRE(result.kind != base::StepResult::Kind::kFinished);
      if (result.kind == base::StepResult::Kind::kBusy) continue;
      if (result.wake_at == 0) return;
      clock.Advance(2'000'000);
    }
    FAIL("the lane does not come to rest");
  }

  // Publishes the rows as one file of the provider's.
  void Publish(const std::string& name, const std::vector<Row>& rows) {
    const catalog::Resource& resource = *table->FindResource(name);
    record::RecordWriter writer(*resource.schema, domain().key);
    std::vector<record::RecordBatch> batches(resource.partitions);
    ++file_;
    for (uint32_t p = 0; p < resource.partitions; ++p) batches[p].header = HeaderOf(resource, p);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::vector<record::FieldText> values(rows[i].begin(), rows[i].end());
      REQUIRE(!writer.Append(values, record::Operation::kUpsert, {0, i + 1}, batches));
    }
    for (const record::RecordBatch& batch : batches) {
      if (batch.size() > 0) PublishBytes(resource, batch.header.partition, *record::EncodeBatch(batch));
    }
  }
  void PublishBytes(const catalog::Resource& resource, uint32_t partition, std::string bytes) {
    const auto writer = engine_->OpenWriter("source");
    const auto transaction = (*writer)->Begin();
    (*transaction)->Append({resource.publish_topic(), partition}, "", "", broker::Body(std::move(bytes)));
    REQUIRE((*transaction)->Commit().ok());
  }
  record::BatchHeader HeaderOf(const catalog::Resource& resource, uint32_t partition) const {
    record::BatchHeader header;
    header.resource_id = resource.id;
    header.partition = partition;
    header.schema_version = resource.schema->version;
    header.publisher_id = resource.provider_id;
    header.source_id = 1;
    header.publisher_epoch = file_;
    header.publisher_sequence = file_;
    header.digest_key_id = domain().key.id;
    header.files = {{file_, "file-" + std::to_string(file_) + ".csv"}};
    return header;
  }
  const catalog::KeyDomain& domain() const { return *table->FindKeyDomain("company"); }

  struct Delivered {
    std::string operation, text;
    uint64_t sequence = 0;
    bool again = false;
  };
  // What a topic of deliveries holds, record by record.
  std::vector<Delivered> ReadDeliveries(const std::string& topic, const std::string& resource) {
    std::vector<Delivered> all;
    const auto reader = flaky->OpenReader({topic, 0}, 0);
    REQUIRE(reader.ok());
    while (true) {
      const auto messages = (*reader)->Poll({});
      INFO(messages.status());
      REQUIRE(messages.ok());
      if (messages->empty()) return all;
      for (const broker::Message& message : *messages)
        TakeDelivery(message, *table->FindResource(resource)->schema, all);
    }
  }
  std::vector<Delivered> ReadStream(const std::string& subscription, const std::string& resource) {
    const catalog::View* view = table->FindView(table->FindSubscription(subscription)->view_id);
    return ReadDeliveries(view->stream_topic(), resource);
  }
  std::vector<Delivered> ReadAgain(const std::string& subscription, const std::string& resource) {
    return ReadDeliveries(AgainTopic(table->FindSubscription(subscription)->id), resource);
  }

  std::string checkpoints() const { return directory_.path() + "/checkpoints"; }
  broker::Broker& engine() { return *engine_; }

  WorldClock clock;
  uint64_t checkpoint_records = 2'000'000;
  std::shared_ptr<const catalog::CatalogTable> table = std::make_shared<catalog::CatalogTable>();
  std::unique_ptr<tests::FlakyBroker> flaky;

 private:
  static void TakeDelivery(const broker::Message& message, const record::RecordSchema& schema,
                           std::vector<Delivered>& all) {
    const auto envelope = DecodeDeliveryEnvelope(message.envelope);
    REQUIRE(envelope.ok());
    record::RecordBatch batch;
    REQUIRE(record::DecodeBatch(message.body.bytes(), batch).ok());
    std::vector<uint8_t> operations(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) operations[i] = static_cast<uint8_t>(batch.columns.operation[i]);
    if (envelope->operation_runs_size() > 0) {
      REQUIRE(ledger::UnpackRuns(envelope->operation_runs(), batch.size(), operations));
    }
    uint64_t sequence = envelope->first_sequence();
    for (size_t i = 0; i < batch.size(); ++i) {
      if (operations[i] == 0) continue;
      Delivered one;
      one.operation = operations[i] == static_cast<uint8_t>(record::Operation::kInsert) ? "insert" : "update";
      for (const record::Item& item : schema.items)
        one.text += record::FieldAsText(item, batch.record(i)).value_or("-") + " ";
      one.sequence = sequence++;
      one.again = envelope->subscription_id() != 0;
      all.push_back(std::move(one));
    }
    REQUIRE(sequence == envelope->first_sequence() + envelope->records());
  }

  tests::TemporaryDirectory directory_;
  base::SeededRandom random_{11};
  std::unique_ptr<broker::Broker> engine_;
  uint32_t file_ = 0;
};

}  // namespace datong::pipeline
