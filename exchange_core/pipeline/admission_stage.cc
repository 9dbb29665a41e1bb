// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/admission_stage.h"

#include <algorithm>

#include "exchange_core/record/batch_layout.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;
using record::Operation;

// A verdict for every record at once, where the header alone decides.
Verdict JudgeHeader(const catalog::Resource& resource, const catalog::KeyDomain& domain,
                    const record::BatchHeader& header) {
  if (header.publisher_id != resource.provider_id) return Verdict::kUnauthorized;
  if (header.schema_version == 0 || header.schema_version > resource.versions.size()) return Verdict::kUnknownSchema;
  if (header.digest_key_id != domain.key.id) return Verdict::kDigestMismatch;
  for (const record::SourceFile& file : header.files) {
    if (file.sequence > record::kFileSequenceMax) return Verdict::kBadSource;
  }
  return Verdict::kUndecided;
}

Verdict JudgeRecord(const catalog::Resource& resource, uint32_t partition, const record::PackedBatch& batch, size_t i) {
  const record::RecordColumns& columns = batch.columns;
  const Operation operation = columns.operation[i];
  if (columns.row[i] > record::kRowMax) return Verdict::kBadSource;
  if (operation == Operation::kUnreadable) return Verdict::kUnreadableRow;
  if (operation == Operation::kSame) {
    const uint32_t begin = i == 0 ? 0 : columns.payload_end[i - 1];
    if (batch.header.snapshot_id == 0 || columns.payload_end[i] != begin) return Verdict::kMalformedRecord;
  } else if (operation != Operation::kUpsert && operation != Operation::kDelete) {
    return Verdict::kMalformedRecord;
  }
  const bool entity = resource.schema->kind == record::ResourceKind::kEntity;
  if (!entity && operation == Operation::kDelete) return Verdict::kMalformedRecord;
  const base::Digest& place = entity ? columns.key[i] : columns.id[i];
  if (record::PartitionOf(place, resource.partitions) != partition) return Verdict::kWrongPartition;
  return Verdict::kUndecided;
}

}  // namespace

void JudgeAdmission(const catalog::Resource& resource, const catalog::KeyDomain& domain, uint32_t partition,
                    const record::PackedBatch& batch, std::span<Verdict> verdicts) {
  const Verdict whole = JudgeHeader(resource, domain, batch.header);
  if (whole != Verdict::kUndecided) {
    std::fill(verdicts.begin(), verdicts.end(), whole);
    return;
  }
  for (size_t i = 0; i < verdicts.size(); ++i) verdicts[i] = JudgeRecord(resource, partition, batch, i);
}

void JudgePayload(const record::RecordColumns& columns, std::string_view payload, std::span<Verdict> verdicts) {
  uint32_t begin = 0;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const uint32_t end = columns.payload_end[i];
    if (verdicts[i] == Verdict::kUndecided) {
      record::WireWalker walk(payload.substr(begin, end - begin));
      while (walk.Next()) {
      }
      if (!walk.ok()) verdicts[i] = Verdict::kMalformedRecord;
    }
    begin = end;
  }
}

}  // namespace datong::pipeline
