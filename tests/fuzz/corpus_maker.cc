// SPDX-License-Identifier: Apache-2.0
// fuzz_corpus_maker FOLDER: writes valid inputs, made by the real encoders, into FOLDER/<target>/. The text targets'
// corpora are written by hand.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "datong/exchange/v1/source_journal.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/index/checkpoint_file.h"
#include "exchange_core/index/checkpoint_pieces.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_state.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "exchange_core/snapshot/snapshot_stage.h"
#include "tests/fuzz/memory_files.h"

namespace {

using namespace datong;  // NOLINT(google-build-using-namespace): one small program
using ledger::Verdict;

std::filesystem::path folder;

void Write(const std::string& target, const std::string& name, const std::string& bytes) {
  std::filesystem::create_directories(folder / target);
  std::ofstream(folder / target / name, std::ios::binary) << bytes;
}

std::string Piece(const std::string& bytes) {
  DATONG_CHECK(bytes.size() < 256);
  return std::string(1, static_cast<char>(bytes.size())) + bytes;
}

void Envelopes() {
  ledger::v1::DeliveryEnvelope delivery;
  delivery.set_lane(2);
  delivery.set_lane_sequence(900);
  delivery.set_view_id(4);
  delivery.set_first_sequence(70'001);
  delivery.set_catalog_version(12);
  delivery.set_resource_id(3);
  delivery.set_input_position(5'000'000'000);
  delivery.set_receive_time(1'700'000'000'000'000);
  delivery.set_commit_time(1'700'000'000'100'000);
  Write("envelopes", "delivery_nothing", '\0' + delivery.SerializeAsString());
  delivery.set_records(7);
  Write("envelopes", "delivery_all", '\7' + delivery.SerializeAsString());
  for (const uint32_t run : {4, 2, 0, 3, 5, 1, 2, 4}) delivery.add_operation_runs(run);
  delivery.set_subscription_id(8);
  Write("envelopes", "delivery_some", '\12' + delivery.SerializeAsString());
  Write("envelopes", "delivery_framed", pipeline::EncodeEnvelope(delivery));
  delivery.set_operation_runs(0, 77);
  Write("envelopes", "delivery_unknown_operation", '\12' + delivery.SerializeAsString());

  ledger::v1::QuarantineEnvelope quarantine;
  quarantine.set_lane(1);
  quarantine.set_lane_sequence(3);
  quarantine.set_publisher_epoch(1'700'000'000);
  for (const uint32_t run : {1, 3, 32, 1, 36, 2}) quarantine.add_verdict_runs(run);
  quarantine.add_detail_records(3);
  quarantine.add_details("第四行: 6 columns where the header has 5");
  Write("envelopes", "quarantine_some", '\6' + quarantine.SerializeAsString());
  Write("envelopes", "quarantine_framed", pipeline::EncodeEnvelope(quarantine));
  quarantine.set_verdict_runs(5, 0xffffffff);
  Write("envelopes", "quarantine_more_than_there_is", '\6' + quarantine.SerializeAsString());
}

// Columns of `verdicts.size()` records of two files, and what an entry keeps of them.
std::string Admitted(const std::vector<Verdict>& verdicts, bool entity) {
  record::BatchHeader header;
  header.files = {{17, "a.csv"}, {18, "b.csv"}};
  record::RecordColumns columns;
  base::SeededRandom random(verdicts.size());
  for (size_t i = 0; i < verdicts.size(); ++i) {
    columns.id.push_back({random.Next(), random.Next()});
    columns.key.push_back({random.Next(), random.Next()});
    columns.fingerprint.push_back({random.Next(), random.Next()});
    columns.operation.push_back(record::Operation::kUpsert);
    columns.version.push_back(static_cast<int64_t>(1'700'000'000'000'000 + i * 1000));
    columns.file_index.push_back(i * 2 < verdicts.size() ? 0 : 1);
    columns.row.push_back(i + 1);
  }
  return ledger::EncodeAdmitted(header, columns, verdicts, entity);
}

ledger::v1::LedgerEntry BatchEntry(bool entity) {
  const std::vector<Verdict> verdicts = {Verdict::kInserted, Verdict::kInserted,       Verdict::kDuplicate,
                                         Verdict::kUpdated,  Verdict::kUnchangedNewer, Verdict::kUnreadableRow};
  ledger::v1::LedgerEntry entry;
  entry.set_commit_time(1'700'000'000'000'000);
  entry.set_catalog_version(3);
  auto& batch = *entry.mutable_batch();
  batch.set_resource_id(5);
  batch.set_input_position(100);
  batch.set_input_next(101);
  batch.set_input_seal(std::string(32, 's'));
  batch.set_publisher_epoch(7);
  batch.set_receive_time(1'700'000'000'000'000);
  batch.set_records(static_cast<uint32_t>(verdicts.size()));
  const std::vector<uint8_t> codes(reinterpret_cast<const uint8_t*>(verdicts.data()),
                                   reinterpret_cast<const uint8_t*>(verdicts.data()) + verdicts.size());
  ledger::PackRuns(codes, batch.mutable_verdict_runs());
  batch.set_admitted(Admitted(verdicts, entity));
  batch.set_entity(entity);
  auto& output = *batch.add_outputs();
  output.set_view_id(2);
  output.set_first_sequence(1);
  output.set_records(3);
  return entry;
}

void LedgerEntries() {
  ledger::v1::LedgerEntry entity = BatchEntry(true), event = BatchEntry(false), start, taken, refused, huge;
  start.mutable_stream_start()->set_subscription_id(3);
  start.mutable_stream_start()->set_view_id(2);
  start.mutable_stream_start()->set_records(4096);
  start.mutable_stream_start()->set_finished(true);
  taken.mutable_catalog_taken()->set_version(4);
  refused.mutable_batch()->set_problem("its header is damaged");
  refused.mutable_batch()->set_input_next(9);
  huge = entity;
  huge.mutable_batch()->set_records(0xffffffff);
  huge.mutable_batch()->clear_verdict_runs();
  huge.mutable_batch()->add_verdict_runs(1);
  huge.mutable_batch()->add_verdict_runs(0xffffffff);
  std::string chain;
  ledger::ChainHead head;
  for (auto* entry : {&taken, &start, &entity, &event, &refused}) ledger::AppendEntry(*entry, 0, head, chain);
  Write("ledger_entry", "chain_of_five", chain);
  Write("ledger_entry", "batch_of_entities", std::string("\0\x40\x01", 3) + entity.SerializeAsString());
  Write("ledger_entry", "batch_of_events", std::string("\1\0\x80", 3) + event.SerializeAsString());
  Write("ledger_entry", "batch_refused", std::string("\0\0\x08", 3) + refused.SerializeAsString());
  Write("ledger_entry", "batch_of_more_records_than_fit", std::string("\0\0\x08", 3) + huge.SerializeAsString());
  Write("ledger_entry", "stream_start", std::string("\0\x09\x02", 3) + start.SerializeAsString());
  Write("ledger_entry", "catalog_taken", std::string("\0\x2a\xff", 3) + taken.SerializeAsString());
}

void AdmittedColumns() {
  // The codes are those of the target, numbered there.
  const std::vector<std::pair<std::string, std::vector<Verdict>>> cases = {
      {std::string("\0\0\1\2\4\3\5", 7),
       {Verdict::kInserted, Verdict::kInserted, Verdict::kUpdated, Verdict::kDeleted, Verdict::kDuplicate,
        Verdict::kUnchangedNewer, Verdict::kUnreadableRow}},
      {std::string("\4\5", 2), {Verdict::kDuplicate, Verdict::kUnreadableRow}},
      {std::string(20, '\0'), std::vector<Verdict>(20, Verdict::kInserted)},
      {"", {}}};
  for (const auto& [codes, verdicts] : cases) {
    const std::string name = std::to_string(verdicts.size());
    Write("admitted_columns", "entity_" + name, '\1' + Piece(codes) + Admitted(verdicts, true));
    Write("admitted_columns", "event_" + name, '\0' + Piece(codes) + Admitted(verdicts, false));
  }
}

void LaneStates() {
  pipeline::LaneState state;
  Write("lane_state", "fresh", pipeline::SerializeLaneState(state, 3));
  std::string chain;
  for (const bool entity : {true, false}) {
    ledger::v1::LedgerEntry entry = BatchEntry(entity);
    entry.mutable_batch()->set_partition(entity ? 1 : 0);
    entry.mutable_batch()->mutable_outputs(0)->set_first_sequence(state.streams[2].next_sequence);
    DATONG_CHECK(pipeline::Account(entry, state).ok());
    ledger::AppendEntry(entry, 3, state.head, chain);
  }
  ledger::v1::LedgerEntry start;
  start.mutable_stream_start()->set_subscription_id(3);
  start.mutable_stream_start()->set_view_id(2);
  start.mutable_stream_start()->set_resource_id(5);
  start.mutable_stream_start()->set_records(9);
  DATONG_CHECK(pipeline::Account(start, state).ok());
  const std::string framed = pipeline::SerializeLaneState(state, 3);
  Write("lane_state", "after_three_entries", framed);
  Write("lane_state", "after_three_entries_body", framed.substr(base::kFrameBytes));
  Write("lane_state", "of_another_lane", pipeline::SerializeLaneState(state, 4));
  Write("lane_state", "unknown_verdict", std::string("\x52\x06\x08\x05\x12\x02\x63\x01", 8));
  Write("lane_state", "half_a_pair", std::string("\x52\x05\x08\x05\x12\x01\x01", 7));
}

void CheckpointFiles() {
  const auto file = [](const index::CheckpointIdentity& identity,
                       const std::vector<index::CheckpointSection>& sections) {
    fuzz::MemoryFiles files;
    const auto packed = [&](const index::CheckpointSection& section) {
      // Where it stands on the generation before, that one holds all of it.
      const std::string whole = index::PackSection(section.content, 6, nullptr).bytes;
      const auto before = index::ParseSection(whole, 6).value();
      return index::PackSection(section.content, identity.generation, section.name == "stands" ? &before : nullptr)
          .bytes;
    };
    DATONG_CHECK(index::WriteCheckpointFile(files, "c", identity, sections, packed).ok());
    return files.files["c"];
  };
  Write("checkpoint_file", "no_sections", file({2, 7}, {}));
  Write("checkpoint_file", "two_sections", file({2, 7}, {{"state", "0123456789"}, {"索引", std::string(300, 'x')}}));
  Write("checkpoint_file", "stands_on_another", file({2, 7}, {{"stands", std::string(70'000, 'x')}, {"a", "b"}}));
  Write("checkpoint_file", "empty_section", file({2, 7}, {{"", ""}, {"a", ""}}));
  Write("checkpoint_file", "of_another_lane", file({3, 7}, {{"state", "0123456789"}}));
  const std::string whole = file({2, 7}, {{"state", "0123456789"}});
  Write("checkpoint_file", "cut_off", whole.substr(0, whole.size() - 5));
  std::string longer = whole;
  longer[base::kFrameBytes + 12 + 1 + 5 + 7] = '\x7f';  // the section's length becomes more than any file's
  Write("checkpoint_file", "section_longer_than_the_file", longer);
  Write("checkpoint_file", "script", std::string("\0\x21\x04", 3) + Piece("state") + Piece("abc") + Piece("b"));
  Write("checkpoint_file", "script_of_sum", std::string("\0\xff\x80", 3) + Piece("n") + Piece(std::string(200, '\0')));
}

void CatalogChanges() {
  const std::vector<std::string> texts = {
      "departments: [{name: tax, title: 税务局}, {name: police, social_credit_code: 91350100M000100Y43}]\n"
      "key_domains: [{name: company}]\n"
      "resources:\n"
      "  - {name: companies, provider: tax, key_domain: company, kind: entity, partitions: 2, key: [code],\n"
      "     items: [code, {name: CompanyName, title: 企业名称}, {name: capital, type: decimal},\n"
      "             {name: 更新时间, type: timestamp}], version: 更新时间}\n"
      "  - {name: 事件, provider: police, key_domain: company, kind: event, window: 30d, items: [id, {name: at, type: "
      "date}],\n"
      "     id: [id], event_time: at}\n",
      "grants:\n"
      "  - {name: g, resource: companies, department: police, items: [code, capital], purpose: checks,\n"
      "     valid_until: 2027-12-31}\n"
      "  - {name: all, resource: 事件, department: tax, items: all, purpose: checks}\n"
      "subscriptions: [{name: s, grant: g, start: beginning}, {name: t, grant: all, start: present}]\n"
      "connectors:\n"
      "  - {name: in, kind: file, source: {resource: companies, path: inbox/a.csv}}\n"
      "  - {name: out, kind: file, sink: {subscription: s, directory: out}}\n",
      "resources:\n"
      "  - {name: companies, provider: tax, key_domain: company, kind: entity, key: [code], version: 更新时间,\n"
      "     items: [code, {name: CompanyName}, {name: capital, type: decimal}, {name: 更新时间, type: timestamp},\n"
      "             {name: extra, type: bytes}]}\n"
      "grants: [{name: all, revoked: true}]\n",
      "connectors: [{name: in, retired: true}]\nsubscriptions: [{name: s, retired: true}]\n"};
  catalog::CatalogTable table;
  base::SeededRandom random(1);
  std::string all;
  for (const std::string& text : texts) {
    const auto planned = catalog::PlanChange(text, table, 1'700'000'000'000'000, "maker", random);
    for (const auto& finding : planned.findings) std::cerr << finding.line << ": " << finding.message << "\n";
    if (planned.framed_change.empty()) continue;
    const std::string body = planned.framed_change.substr(base::kFrameBytes);
    std::string sized;
    base::PutFixed(sized, static_cast<uint16_t>(body.size()));
    all += sized + body;
    DATONG_CHECK(catalog::ApplyFramed(planned.framed_change, table).ok());
    Write("catalog_change", "changes_to_version_" + std::to_string(table.version()), all);
    if (table.version() == 1) Write("catalog_change", "framed", planned.framed_change);
  }
}

void ControlMessages() {
  exchange::v1::SourceEvent registered, begun, progress, ended;
  for (auto* event : {&registered, &begun, &progress, &ended}) {
    event->set_source_id(1);
    event->set_source("in");
    event->set_resource_id(2);
    event->set_time(1'700'000'000'000'000);
  }
  registered.mutable_registered();
  begun.mutable_begun()->set_run(9);
  begun.mutable_begun()->set_file_sequence(1);
  begun.mutable_begun()->set_name("企业_2024.csv");
  begun.mutable_begun()->set_identity(std::string(64, 'f'));
  progress.mutable_progress()->set_run(9);
  progress.mutable_progress()->set_rows_published(4096);
  progress.set_position("datong.file/1 done=0 index=0 offset=8192 row=17");
  ended.mutable_ended()->set_run(9);
  ended.mutable_ended()->set_complete(true);
  ended.mutable_ended()->set_identity(std::string(64, 'e'));
  std::string journal;
  for (const auto* event : {&registered, &begun, &progress, &ended}) journal += Piece(event->SerializeAsString());
  Write("control_codec", "journal_of_one_unit", journal);
  Write("control_codec", "journal_without_a_beginning",
        Piece(progress.SerializeAsString()) + Piece(ended.SerializeAsString()));
  Write("control_codec", "event_framed", node::EncodeSourceEvent(begun));

  exchange::v1::Receipt first, later;
  first.set_subscription_id(3);
  first.set_initial(true);
  later = first;
  later.set_initial(false);
  later.set_stream_next(77);
  later.set_in_stream(true);
  later.add_lanes()->set_lane(1);
  later.mutable_lanes(0)->set_stream_next_sequence(500);
  later.set_refused_total(1);
  later.add_refusals()->set_reason("编码");
  Write("control_codec", "receipts", Piece(first.SerializeAsString()) + Piece(later.SerializeAsString()));
  Write("control_codec", "receipt_framed", node::EncodeReceipt(later));
}

void Snapshots() {
  ledger::v1::SnapshotMark begin, end;
  for (auto* mark : {&begin, &end}) {
    mark->set_snapshot(9);
    mark->set_source_id(1);
    mark->set_publisher_id(2);
  }
  begin.mutable_begin()->set_file_sequence(4);
  begin.mutable_begin()->set_file("企业_2024.csv");
  begin.mutable_begin()->set_as_of(1'700'000'000'000'000);
  begin.mutable_begin()->set_flows(true);
  begin.mutable_begin()->set_same_key(2);
  end.mutable_end()->set_complete(true);
  Write("snapshots", "mark_framed", snapshot::EncodeMark(begin));
  Write("snapshots", "marks", Piece(begin.SerializeAsString()) + Piece(end.SerializeAsString()));

  exchange::v1::SnapshotEvent reported, held, released;
  for (auto* event : {&reported, &held, &released}) {
    event->set_snapshot(9);
    event->set_resource_id(3);
    event->set_source_id(1);
    event->set_time(1'700'000'000'000'000);
  }
  auto* report = reported.mutable_report();
  report->set_rows(1000);
  report->set_absent(400);
  report->set_source_keys(900);
  report->add_samples()->set_position(77);
  report->add_absent_sketch(0x0123456789abcdef);
  report->add_changed_items()->set_records(5);
  held.mutable_decision()->set_action(exchange::v1::SnapshotDecision::HOLD);
  held.mutable_decision()->add_stops()->set_code("vanishing");
  released.mutable_decision()->set_action(exchange::v1::SnapshotDecision::RELEASE);
  released.mutable_decision()->set_by("steward");
  Write("snapshots", "event_framed", snapshot::EncodeSnapshotEvent(held));
  std::string events;
  for (const auto* event : {&reported, &held, &released}) events += Piece(event->SerializeAsString());
  Write("snapshots", "reported_held_released", events);
  Write("snapshots", "released_twice", events + Piece(released.SerializeAsString()));

  snapshot::StageIdentity identity;
  identity.snapshot = 9;
  identity.resource_id = 3;
  identity.source_id = 1;
  identity.file_sequence = 4;
  identity.file = "企业_2024.csv";
  identity.begin_position = 5'000'000'000;
  snapshot::SnapshotStage stage(identity);
  record::BatchHeader header;
  header.files = {{4, identity.file}};
  record::RecordColumns columns;
  for (uint64_t row = 1; row <= 5; ++row) {
    columns.operation.push_back(row == 3 ? record::Operation::kUnreadable : record::Operation::kUpsert);
    columns.key.push_back({row % 4, 1});
    columns.id.push_back({row, 7});
    columns.fingerprint.push_back({row, 2});
    columns.version.push_back(static_cast<int64_t>(row));
    columns.event_time.push_back(0);
    columns.file_index.push_back(0);
    columns.row.push_back(row);
    columns.payload_end.push_back(0);
  }
  const index::EntityIndex index;
  std::vector<Verdict> verdicts(columns.size(), Verdict::kUndecided);
  stage.Decide(index, header, columns, 5'000'000'001, false, verdicts);
  stage.Book(columns, verdicts);
  std::string section;
  stage.Serialize(index, section);
  Write("snapshots", "stage_framed", section);
  Write("snapshots", "stage_body", section.substr(base::kFrameBytes));
  // The number of staged records stands before them: so many that their bytes add up to none.
  std::string many = section.substr(base::kFrameBytes, section.size() - base::kFrameBytes - 1 - stage.staged() * 64);
  base::PutVarint(many, uint64_t{1} << 58);
  Write("snapshots", "stage_of_too_many", many);
  Write("snapshots", "stage_cut", section.substr(base::kFrameBytes, section.size() - base::kFrameBytes - 9));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_corpus_maker FOLDER\n";
    return EXIT_FAILURE;
  }
  folder = argv[1];
  Envelopes();
  LedgerEntries();
  AdmittedColumns();
  LaneStates();
  CheckpointFiles();
  CatalogChanges();
  ControlMessages();
  Snapshots();
  return EXIT_SUCCESS;
}
