// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"
#include "tests/support/flaky_broker.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/temporary_directory.h"

namespace datong::tests {

// A clock that moves when told to, and one microsecond with every look.
class StepClock final : public base::Clock {
 public:
  base::TimeUs Now() override { return ++now_; }
  void Advance(base::TimeUs by) { now_ += by; }

 private:
  base::TimeUs now_ = base::TimeUs{1'700'000'000} * 1'000'000;
};

// A whole exchange on the embedded engine in a directory of its own, stepped by hand.
class TestExchange {
 public:
  // `engine_files`: the disk of the engine alone.
  explicit TestExchange(uint32_t lanes = 2, base::FileSystem& engine_files = base::PosixFileSystem())
      : lanes_(lanes), engine_files_(engine_files) {
    Open();
  }
  ~TestExchange() { Close(); }

  void Open() {
    embedded::EmbeddedOptions engine;
    engine.directory = directory_.path() + "/engine";
    engine.files = &engine_files_;
    engine.clock = &clock_;
    engine.durability = embedded::Durability::kOs;
    engine.position_gap_max = 5;
    engine.segment_bytes_max = size_t{64} << 10;
    auto broker = embedded::OpenEmbeddedBroker(engine);
    INFO(broker.status());
    REQUIRE(broker.ok());
    broker_ = *std::move(broker);
    node::ExchangeOptions options;
    options.directory = directory_.path();
    options.files = &base::PosixFileSystem();
    options.clock = &clock_;
    options.random = &random_;
    options.steps = &base::NoObserver();
    options.scheduler = &scheduler_;
    flaky_ = std::make_unique<FlakyBroker>(*broker_);
    options.broker = flaky_.get();
    options.confirm_holder = confirm_holder;
    options.leads = leads;
    options.answers_departments = true;
    options.lanes = lanes_;
    auto exchange = node::Exchange::Open(options, &warnings);
    INFO(exchange.status());
    REQUIRE(exchange.ok());
    exchange_ = *std::move(exchange);
    exchange_->Start();
  }
  void Close() {
    exchange_.reset();
    flaky_.reset();
    broker_.reset();
  }
  // As after a kill: nothing is told to stop in order.
  void Reopen() {
    Close();
    Open();
  }
  void Settle() {
    scheduler_.RunUntilIdle();
    const absl::Status health = exchange_->Health();
    INFO(health);
    REQUIRE(health.ok());
  }
  // One step of each worker.
  void Turn() { scheduler_.StepEach(); }
  void Apply(const std::string& yaml) {
    const auto planned = exchange_->ApplyCatalog(yaml, "test", false);
    INFO(planned.status());
    REQUIRE(planned.ok());
    for (const auto& finding : planned->findings) {
      FAIL(finding.line << ":" << finding.column << " " << finding.message);
    }
  }

  node::Exchange& operator*() { return *exchange_; }
  node::Exchange* operator->() { return exchange_.get(); }
  StepClock& clock() { return clock_; }
  ManualScheduler& scheduler() { return scheduler_; }
  std::string directory() const { return directory_.path(); }
  FlakyBroker& flaky() { return *flaky_; }
  std::vector<std::string> warnings;
  std::function<absl::Status()> confirm_holder;  // as the next Open() finds it
  std::function<bool()> leads;                   // as the next Open() finds it

 private:
  const uint32_t lanes_;
  base::FileSystem& engine_files_;
  TemporaryDirectory directory_;
  StepClock clock_;
  base::SeededRandom random_{7};
  ManualScheduler scheduler_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<FlakyBroker> flaky_;
  std::unique_ptr<node::Exchange> exchange_;
};

// One value per item, "" = empty.
using Rows = std::vector<std::vector<std::string>>;
// For items code, name, address: C0, C1 ...
inline Rows SomeRows(size_t count, const std::string& name = "name") {
  Rows rows;
  for (size_t i = 0; i < count; ++i) rows.push_back({"C" + std::to_string(i), name, "address"});
  return rows;
}

// Publishes rows of text as a source would, one unit per call; what is unavailable at first it asks for again.
class TestSource {
 public:
  TestSource(node::Exchange& exchange, const std::string& source, const std::string& resource)
      : TestSource(exchange.client(), source, resource) {}
  TestSource(client::ExchangeClient& exchange, const std::string& source, const std::string& resource)
      : info_(*exchange.DescribeResource(resource)), writer_(info_.schema, info_.domain_key) {
    auto session = exchange.OpenPublisher(source, resource);
    INFO(session.status());
    REQUIRE(session.ok());
    session_ = *std::move(session);
  }

  using Row = Rows::value_type;
  void PublishUnit(const std::string& name, const std::string& identity, const std::vector<Row>& rows,
                   size_t rows_per_publish = 1000) {
    Publish({.name = name, .identity = identity}, rows, rows_per_publish);
  }
  // A full dump; its identity is made of its name. Returns the snapshot's number.
  uint64_t PublishDump(const std::string& name, const std::vector<Row>& rows, base::TimeUs as_of = 0) {
    return Publish({.name = name, .identity = "content of " + name, .full = true, .as_of = as_of}, rows, 3);
  }
  uint64_t Publish(const client::UnitDeclaration& unit, const std::vector<Row>& rows, size_t rows_per_publish) {
    const client::UnitRun run = Begin(unit);
    for (size_t begin = 0; begin < rows.size(); begin += rows_per_publish) {
      const size_t end = std::min(rows.size(), begin + rows_per_publish);
      PublishRows(run, rows, begin, end);
    }
    End(unit.name, true, unit.identity.empty() ? "content of " + unit.name : "");
    return run.run;
  }
  client::UnitRun Begin(const client::UnitDeclaration& unit) {
    auto run = session_->BeginUnit(unit);
    if (absl::IsUnavailable(run.status())) run = session_->BeginUnit(unit);
    INFO(run.status());
    REQUIRE(run.ok());
    return *run;
  }
  void End(const std::string& name, bool complete, const std::string& identity = "") {
    const auto end = [&] {
      return session_->EndUnit("end of " + name, complete, complete ? "" : "cut_off: as it happens", identity);
    };
    absl::Status ended = end();
    if (absl::IsUnavailable(ended)) ended = end();
    INFO(ended);
    REQUIRE(ended.ok());
  }
  client::PublishSession& session() { return *session_; }
  // From now on rows of a run that may do so go out without their content where the exchange holds them.
  void LeaveOutWhatIsHeld() { leaves_out_ = true; }
  uint64_t left_out() const { return left_out_; }

  void PublishRows(const client::UnitRun& run, const std::vector<Row>& rows, size_t begin, size_t end) {
    std::vector<record::RecordBatch> batches(info_.partitions);
    for (uint32_t p = 0; p < info_.partitions; ++p) {
      record::BatchHeader& header = batches[p].header;
      header.resource_id = info_.schema.resource_id;
      header.partition = p;
      header.schema_version = info_.schema.version;
      header.publisher_id = info_.provider_id;
      header.source_id = session_->source_id();
      header.publisher_epoch = run.run;
      if (run.snapshot) header.snapshot_id = run.run;
      header.publisher_sequence = ++sequence_;
      header.digest_key_id = info_.domain_key.id;
      header.files = {{run.file_sequence, run.name}};
    }
    for (size_t i = begin; i < end; ++i) {
      std::vector<record::FieldText> values(rows[i].begin(), rows[i].end());
      record::RecordBatch one;
      const auto problem = writer_.Append(values, record::Operation::kUpsert, {0, i + 1}, one);
      if (problem) {
        const auto key = writer_.KeyOfRow(values);
        const uint32_t p = key ? record::PartitionOf(*key, info_.partitions) : 0;
        writer_.AppendUnreadable(*problem, "raw", {0, i + 1}, batches[p], key);
        continue;
      }
      const bool entity = info_.schema.kind == record::ResourceKind::kEntity;
      const uint32_t p = record::PartitionOf(entity ? one.columns.key[0] : one.columns.id[0], info_.partitions);
      if (leaves_out_ && run.may_leave_out) {
        const record::RecordClaim& claim = writer_.appended();
        std::vector<uint32_t> entries;
        session_->WhichAreHeld(p, {{claim.key}, {claim.fingerprint}, {claim.version}, {claim.event_time}}, entries);
        if (entries.at(0) != client::PublishSession::kNotHeld) {
          const uint64_t row = i + 1;
          record::RecordWriter::AppendSame(entries, {&row, 1}, {&claim.version, 1}, {&claim.event_time, 1}, batches[p]);
          ++left_out_;
          continue;
        }
      }
      REQUIRE(!writer_.Append(values, record::Operation::kUpsert, {0, i + 1}, batches[p]));
    }
    std::vector<client::PublishBatch> packed;
    for (const record::RecordBatch& batch : batches) {
      if (batch.size() == 0) continue;
      auto bytes = record::EncodeBatch(batch);
      REQUIRE(bytes.ok());
      packed.push_back({batch.header.partition, *std::move(bytes)});
    }
    absl::Status published = session_->Publish(packed, std::to_string(end), end - begin);
    if (absl::IsUnavailable(published)) published = session_->Publish(packed, std::to_string(end), end - begin);
    INFO(published);
    REQUIRE(published.ok());
  }

 private:
  client::ResourceInfo info_;
  record::RecordWriter writer_;
  std::unique_ptr<client::PublishSession> session_;
  uint64_t sequence_ = 0;
  bool leaves_out_ = false;
  uint64_t left_out_ = 0;
};

}  // namespace datong::tests
