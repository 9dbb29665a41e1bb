// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/snapshot_report.h"

#include <algorithm>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/source_order.h"
#include "exchange_core/pipeline/due_deletes.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"
#include "exchange_core/snapshot/snapshot_judgement.h"

namespace datong::pipeline {
namespace {

using exchange::v1::SnapshotReport;
using exchange::v1::SnapshotSample;
using ledger::Verdict;

constexpr int kSamplesPerKind = 5;
constexpr uint64_t kUpdatesCompared = 1000;

// The smallest digests of a kind (snapshot_judgement.h).
class Sketch {
 public:
  void Add(uint64_t digest) {
    if (smallest_.size() == snapshot::kSketchDigests && digest >= smallest_.top()) return;
    smallest_.push(digest);
    if (smallest_.size() > snapshot::kSketchDigests) smallest_.pop();
  }
  template <typename Repeated>
  void Write(Repeated* to) {
    for (; !smallest_.empty(); smallest_.pop()) to->Add(smallest_.top());
  }

 private:
  std::priority_queue<uint64_t> smallest_;  // the greatest of them on top
};

class Reporter {
 public:
  Reporter(const catalog::Resource& resource, const base::DigestKey& domain_key, const index::EntityIndex& index,
           const snapshot::SnapshotStage& stage, StoredBatches& batches)
      : resource_(resource), domain_key_(domain_key), index_(index), stage_(stage), batches_(batches) {}

  absl::StatusOr<SnapshotReport> Make() {
    report_.set_partition(stage_.identity().partition);
    CountVerdicts();
    if (stage_.phase() == snapshot::StagePhase::kBrokenOff) return std::move(report_);  // none of it will count
    CountStaged();
    // Where the rows say which moment the dump speaks of, only all partitions together know it: so many at most.
    ASSIGN_OR_RETURN(due_, FindDueDeletes(resource_, index_, stage_, stage_.identity().as_of, batches_));
    report_.set_absent(due_.size());
    report_.set_source_keys(index_.LiveOf(static_cast<uint16_t>(stage_.identity().source_id)));
    for (size_t i = 0; i < due_.size() && i < kSamplesPerKind; ++i) {
      AddSample(SnapshotSample::DELETE, due_[i].position, due_[i].record, 0);
    }
    const bool nearly_all_vanish = report_.absent() * 2 > report_.source_keys();
    if (nearly_all_vanish && report_.inserts() > 0) RETURN_IF_ERROR(SketchKeys());
    if (resource_.snapshots.one_item_permille_max != 0) RETURN_IF_ERROR(CompareUpdates());
    return std::move(report_);
  }

 private:
  void CountVerdicts() {
    report_.set_rows(stage_.rows());
    report_.set_keyless(stage_.keyless());
    report_.set_event_time_max(stage_.event_time_max());
    report_.set_broken_off(stage_.phase() == snapshot::StagePhase::kBrokenOff);
    for (const auto& [verdict, records] : stage_.verdicts()) {
      if (verdict == Verdict::kInserted) report_.set_inserts(records);
      if (verdict == Verdict::kUpdated) report_.set_updates(records);
      if (verdict == Verdict::kDuplicate) report_.set_duplicates(records);
      if (verdict == Verdict::kConflictingRows) report_.set_conflicting(records);
      if (ledger::IsQuarantined(verdict)) report_.set_quarantined(report_.quarantined() + records);
      const ledger::Outcome outcome = ledger::OutcomeOf(verdict);
      if (outcome == ledger::Outcome::kDuplicate || outcome == ledger::Outcome::kUnchanged ||
          outcome == ledger::Outcome::kStale) {
        report_.set_unchanged(report_.unchanged() + records);
      }
    }
  }

  void CountStaged() {
    std::map<SnapshotSample::Kind, int> samples;
    for (size_t i = 0; i < stage_.staged(); ++i) {
      const snapshot::StagedRecord& staged = stage_.Staged(i);
      SnapshotSample::Kind kind = SnapshotSample::CONFLICT;
      if (staged.set_aside != 0) {
        report_.set_conflicting(report_.conflicting() + 1);
      } else if (const index::EntityEntry* known = index_.Find(staged.key); known == nullptr || known->deleted != 0) {
        report_.set_inserts(report_.inserts() + 1);
        kind = SnapshotSample::INSERT;
      } else {
        report_.set_updates(report_.updates() + 1);
        kind = SnapshotSample::UPDATE;
      }
      if (samples[kind]++ < kSamplesPerKind) AddSample(kind, staged.position, staged.record, staged.source_order);
    }
  }

  void AddSample(SnapshotSample::Kind kind, uint64_t position, uint32_t record, uint64_t source_order) {
    SnapshotSample* sample = report_.add_samples();
    sample->set_kind(kind);
    sample->set_position(position);
    sample->set_record(record);
    sample->set_row(source_order & ledger::kRowMask);
  }

  absl::StatusOr<std::string_view> ContentAt(uint64_t position, uint32_t record) {
    ASSIGN_OR_RETURN(const StoredBatches::Opened* batch, batches_.At(position));
    if (record >= batch->packed.columns.size()) return absl::DataLossError("an index entry points behind its batch");
    return batch->record(record);
  }

  absl::Status SketchKeys() {
    Sketch absent, inserted;
    const auto add = [&](uint64_t position, uint32_t record, Sketch& to) -> absl::Status {
      ASSIGN_OR_RETURN(const std::string_view content, ContentAt(position, record));
      if (const auto key = record::FoldedKeyDigest(*resource_.schema, domain_key_, content)) to.Add(key->low);
      return absl::OkStatus();
    };
    for (const DueDelete& due : due_) {
      if (batches_.out_of_proportion()) return absl::OkStatus();
      RETURN_IF_ERROR(add(due.position, due.record, absent));
    }
    for (size_t i = 0; i < stage_.staged(); ++i) {
      if (batches_.out_of_proportion()) return absl::OkStatus();
      const snapshot::StagedRecord& staged = stage_.Staged(i);
      const index::EntityEntry* known = index_.Find(staged.key);
      if (known == nullptr || known->deleted != 0) RETURN_IF_ERROR(add(staged.position, staged.record, inserted));
    }
    absent.Write(report_.mutable_absent_sketch());
    inserted.Write(report_.mutable_inserted_sketch());
    return absl::OkStatus();
  }

  // Which items differ between the first so many updates and what they would replace.
  absl::Status CompareUpdates() {
    std::map<uint32_t, uint64_t> changed;
    for (size_t i = 0; i < stage_.staged() && report_.updates_compared() < kUpdatesCompared; ++i) {
      if (batches_.out_of_proportion()) break;
      const snapshot::StagedRecord& staged = stage_.Staged(i);
      const index::EntityEntry* known = index_.Find(staged.key);
      if (staged.set_aside != 0 || known == nullptr || known->deleted != 0) continue;
      ASSIGN_OR_RETURN(const std::string_view before, ContentAt(known->content_position, known->content_record));
      const auto items_before = ItemsOf(before);
      ASSIGN_OR_RETURN(const std::string_view after, ContentAt(staged.position, staged.record));
      const auto items_after = ItemsOf(after);
      for (const record::Item& item : resource_.schema->items) {
        if (!item.compared) continue;
        const auto old = items_before.find(item.field_number), now = items_after.find(item.field_number);
        const bool same = old == items_before.end() ? now == items_after.end()
                                                    : now != items_after.end() && old->second == now->second;
        if (!same) ++changed[item.field_number];
      }
      report_.set_updates_compared(report_.updates_compared() + 1);
    }
    for (const auto& [field, records] : changed) {
      auto* to = report_.add_changed_items();
      to->set_field_number(field);
      to->set_records(records);
    }
    return absl::OkStatus();
  }

  // Wire bytes by field number; the last of a repeated field.
  static std::map<uint32_t, std::string> ItemsOf(std::string_view content) {
    std::map<uint32_t, std::string> items;
    record::WireWalker walker(content);
    while (walker.Next()) items[walker.field_number()] = std::string(walker.whole());
    return items;
  }

  const catalog::Resource& resource_;
  const base::DigestKey& domain_key_;
  const index::EntityIndex& index_;
  const snapshot::SnapshotStage& stage_;
  StoredBatches& batches_;
  std::vector<DueDelete> due_;
  SnapshotReport report_;
};

}  // namespace

absl::StatusOr<SnapshotReport> MakeReport(const catalog::Resource& resource, const base::DigestKey& domain_key,
                                          const index::EntityIndex& index, const snapshot::SnapshotStage& stage,
                                          StoredBatches& batches) {
  return Reporter(resource, domain_key, index, stage, batches).Make();
}

}  // namespace datong::pipeline
