// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/prepared_unit.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <utility>

#include "benchmarks/company_records.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_writer.h"

namespace datong::benchmarks {
namespace {

constexpr size_t kPayloadBytesPerBatch = size_t{400} << 10;  // about 256 KiB once encoded

class UnitPacker {
 public:
  UnitPacker(const client::ResourceInfo& resource, const client::UnitRun& run, uint32_t source_id)
      : resource_(resource), writer_(resource_.schema, resource_.domain_key), open_(resource.partitions) {
    unit_.run = run;
    unit_.source_id = source_id;
    for (uint32_t partition = 0; partition < open_.size(); ++partition) Begin(partition);
  }

  absl::Status Add(const std::vector<record::FieldText>& row, uint64_t row_number) {
    if (auto problem = writer_.Append(row, record::Operation::kUpsert, {0, row_number}, std::span(open_))) {
      return absl::InternalError(absl::StrCat("a made-up row is no record: ", problem->reason, ": ", problem->detail));
    }
    ++unit_.records;
    for (uint32_t partition = 0; partition < open_.size(); ++partition) {
      if (open_[partition].payload.size() >= kPayloadBytesPerBatch) RETURN_IF_ERROR(Seal(partition));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<PreparedUnit> Finish(uint64_t distinct) {
    for (uint32_t partition = 0; partition < open_.size(); ++partition) RETURN_IF_ERROR(Seal(partition));
    unit_.distinct = distinct;
    return std::move(unit_);
  }

 private:
  void Begin(uint32_t partition) {
    record::RecordBatch& batch = open_[partition];
    batch.clear();
    record::BatchHeader& header = batch.header;
    header.resource_id = resource_.schema.resource_id;
    header.partition = partition;
    header.schema_version = resource_.schema.version;
    header.publisher_id = resource_.provider_id;
    header.source_id = unit_.source_id;
    header.publisher_epoch = unit_.run.run;
    header.publisher_sequence = ++sequence_;
    header.digest_key_id = resource_.domain_key.id;
    header.files = {{unit_.run.file_sequence, unit_.run.name}};
  }

  absl::Status Seal(uint32_t partition) {
    record::RecordBatch& batch = open_[partition];
    if (batch.size() == 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::string bytes, record::EncodeBatch(batch));
    unit_.payload_bytes += batch.payload.size();
    unit_.encoded_bytes += bytes.size();
    unit_.batch_records.push_back(static_cast<uint32_t>(batch.size()));
    unit_.batches.push_back({partition, std::move(bytes)});
    Begin(partition);
    return absl::OkStatus();
  }

  const client::ResourceInfo& resource_;
  record::RecordWriter writer_;
  std::vector<record::RecordBatch> open_;  // by partition
  uint64_t sequence_ = 0;
  PreparedUnit unit_;
};

}  // namespace

absl::StatusOr<PreparedUnit> PrepareUnit(const client::ResourceInfo& resource, const client::UnitRun& run,
                                         uint32_t source_id, uint64_t records) {
  UnitPacker packer(resource, run, source_id);
  CompanyRows rows(kSeed);
  base::SeededRandom random(kSeed + 1);
  uint64_t distinct = 0;
  for (uint64_t i = 0; i < records; ++i) {
    const bool repeat = distinct > 0 && random.Below(100) < kRepeatsPerHundred;
    const uint64_t company = repeat ? random.Below(distinct) : distinct++;
    RETURN_IF_ERROR(packer.Add(rows.Row(company), i + 1));
  }
  return packer.Finish(distinct);
}

UnitPublisher::UnitPublisher(const PreparedUnit& unit) {
  for (size_t begin = 0; begin < unit.batches.size(); begin += kBatchesPerPublish) {
    Publish& publish = publishes_.emplace_back();
    const size_t end = std::min(unit.batches.size(), begin + kBatchesPerPublish);
    for (size_t i = begin; i < end; ++i) {
      publish.batches.push_back(unit.batches[i]);
      publish.records += unit.batch_records[i];
    }
  }
}

absl::Status UnitPublisher::PublishAll(client::PublishSession& session) {
  uint64_t published = 0;
  for (Publish& publish : publishes_) {
    published += publish.records;
    RETURN_IF_ERROR(session.Publish(std::move(publish.batches), absl::StrCat(published), publish.records));
  }
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
