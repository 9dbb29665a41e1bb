// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/admission_stage.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "exchange_core/base/limits.h"
#include "exchange_core/record/batch_layout.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/value_text.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;
using record::Operation;

static_assert(kBatchRecordsJudged * 60 < base::kBatchBytesMax);

struct WholeVerdict {
  Verdict verdict = Verdict::kUndecided;
  std::string why;
};

// A verdict for every record at once, where the header alone decides.
WholeVerdict JudgeHeader(const catalog::Resource& resource, const catalog::KeyDomain& domain, uint32_t partition,
                         const record::PackedBatch& batch) {
  const record::BatchHeader& header = batch.header;
  if (header.publisher_id != resource.provider_id) {
    return {Verdict::kUnauthorized, absl::StrCat("the batch says publisher ", header.publisher_id, "; the resource is ",
                                                 "provided by ", resource.provider_id)};
  }
  if (header.resource_id != resource.id) {
    return {Verdict::kUnauthorized,
            absl::StrCat("the batch says resource ", header.resource_id, " but came as resource ", resource.id)};
  }
  if (header.partition != partition) {
    return {Verdict::kWrongPartition,
            absl::StrCat("the batch says partition ", header.partition, " but came in partition ", partition)};
  }
  if (batch.columns.size() > kBatchRecordsJudged) {
    return {Verdict::kMalformedRecord,
            absl::StrCat("the batch has ", batch.columns.size(), " records; at most ", kBatchRecordsJudged)};
  }
  if (header.schema_version == 0 || header.schema_version > resource.versions.size()) {
    return {Verdict::kUnknownSchema, absl::StrCat("schema version ", header.schema_version)};
  }
  if (header.digest_key_id != domain.key.id) {
    return {Verdict::kDigestMismatch, absl::StrCat("digests under key ", header.digest_key_id)};
  }
  for (const record::SourceFile& file : header.files) {
    if (file.sequence > record::kFileSequenceMax) {
      return {Verdict::kBadSource, absl::StrCat("file number ", file.sequence, " is too large")};
    }
  }
  return {};
}

// A subscriber can be given the value of every item that the schema knows: text is text, a date is one.
bool ValuesAreSound(const record::RecordSchema& schema, std::string_view record, std::string& scratch) {
  record::WireWalker walk(record);
  while (walk.Next()) {
    const int index = schema.IndexOfField(walk.field_number());
    if (index < 0) continue;
    const record::ItemType type = schema.items[static_cast<size_t>(index)].type;
    if (walk.wire_type() != record::WireTypeOf(type)) continue;  // as in protobuf: an unknown field
    if (type == record::ItemType::kInt64 || type == record::ItemType::kDouble) continue;  // any number is one
    if (!record::ValueText(type, record::NumberFromWire(type, walk.number()), walk.bytes(), scratch)) return false;
  }
  return walk.ok();
}

Verdict JudgeContentOf(const record::RecordSchema& schema, const base::DigestKey& domain_key,
                       const record::RecordColumns& columns, size_t i, std::string_view record, std::string& scratch) {
  if (!ValuesAreSound(schema, record, scratch)) return Verdict::kMalformedRecord;
  const std::optional<record::RecordDigests> digests = record::DigestRecord(schema, domain_key, record);
  if (!digests) return Verdict::kMalformedRecord;
  const bool agree =
      digests->id == columns.id[i] && digests->key == columns.key[i] && digests->fingerprint == columns.fingerprint[i];
  return agree ? Verdict::kUndecided : Verdict::kDigestMismatch;
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
  if (!entity && operation != Operation::kUpsert) return Verdict::kMalformedRecord;
  if (operation == Operation::kSame) return Verdict::kUndecided;  // its entry is of this partition, if it is there
  const base::Digest& place = entity ? columns.key[i] : columns.id[i];
  if (record::PartitionOf(place, resource.partitions) != partition) return Verdict::kWrongPartition;
  return Verdict::kUndecided;
}

}  // namespace

std::string JudgeAdmission(const catalog::Resource& resource, const catalog::KeyDomain& domain, uint32_t partition,
                           const record::PackedBatch& batch, std::span<Verdict> verdicts) {
  WholeVerdict whole = JudgeHeader(resource, domain, partition, batch);
  if (whole.verdict != Verdict::kUndecided) {
    std::fill(verdicts.begin(), verdicts.end(), whole.verdict);
    return std::move(whole.why);
  }
  for (size_t i = 0; i < verdicts.size(); ++i) verdicts[i] = JudgeRecord(resource, partition, batch, i);
  return "";
}

void JudgeContent(const record::RecordSchema& schema, const base::DigestKey& domain_key,
                  const record::RecordColumns& columns, std::string_view payload, std::span<Verdict> verdicts) {
  std::string scratch;
  uint32_t begin = 0;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const uint32_t end = columns.payload_end[i];
    // Who writes without a session was never told what the exchange holds.
    if (verdicts[i] == Verdict::kUndecided && columns.operation[i] == Operation::kSame) {
      verdicts[i] = Verdict::kMalformedRecord;
    } else if (verdicts[i] == Verdict::kUndecided) {
      verdicts[i] = JudgeContentOf(schema, domain_key, columns, i, payload.substr(begin, end - begin), scratch);
    }
    begin = end;
  }
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
