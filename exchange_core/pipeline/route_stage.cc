// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/route_stage.h"

#include <map>
#include <type_traits>
#include <utility>

#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;
using record::Operation;

// A record that is not selected may still travel inside an untouched batch when the stream carried it before.
bool MayTravelUnselected(Verdict verdict) {
  return verdict == Verdict::kDuplicate || verdict == Verdict::kUnchanged || verdict == Verdict::kUnchangedNewer ||
         verdict == Verdict::kStale;
}

// A column that repeats an item's value may leave only where the item itself may.
bool ItemPasses(const catalog::View& view, const record::RecordSchema& schema, int item) {
  return item >= 0 && view.projection->Passes(schema.items[static_cast<size_t>(item)].field_number);
}

// Records `begin`..`end` as a batch of their own, which names only the files they are from.
record::RecordBatch CutOut(const record::RecordBatch& batch, size_t begin, size_t end) {
  const auto slice = [&](const auto& column) {
    return std::decay_t<decltype(column)>(column.begin() + static_cast<ptrdiff_t>(begin),
                                          column.begin() + static_cast<ptrdiff_t>(end));
  };
  const record::RecordColumns& from = batch.columns;
  record::RecordBatch part;
  part.header = batch.header;
  part.columns = {slice(from.id),         slice(from.key),     slice(from.fingerprint),
                  slice(from.operation),  slice(from.version), slice(from.event_time),
                  slice(from.file_index), slice(from.row),     slice(from.payload_end)};
  const uint32_t payload_begin = begin == 0 ? 0 : from.payload_end[begin - 1];
  part.payload = batch.payload.substr(payload_begin, from.payload_end[end - 1] - payload_begin);
  for (uint32_t& payload_end : part.columns.payload_end) payload_end -= payload_begin;
  if (batch.header.files.empty()) return part;
  part.header.files.clear();
  std::map<uint32_t, uint32_t> place_of;
  for (uint32_t& index : part.columns.file_index) {
    const auto [place, fresh] = place_of.try_emplace(index, static_cast<uint32_t>(place_of.size()));
    if (fresh) part.header.files.push_back(batch.header.files[index]);
    index = place->second;
  }
  return part;
}

// A publisher's compressor may have done better than ours does with what is left: then halves, and halves of halves.
// One record always fits (base/limits.h).
absl::Status EncodeInParts(const record::RecordBatch& batch, std::vector<PackedPart>& parts) {
  absl::StatusOr<std::string> bytes = record::EncodeBatch(batch);
  const size_t records = batch.size();
  if (bytes.ok()) {
    parts.push_back({static_cast<uint32_t>(records), broker::Body(*std::move(bytes))});
    return absl::OkStatus();
  }
  if (!absl::IsOutOfRange(bytes.status()) || (records < 2 && batch.header.files.size() < 2)) return bytes.status();
  if (records < 2) return EncodeInParts(CutOut(batch, 0, records), parts);
  RETURN_IF_ERROR(EncodeInParts(CutOut(batch, 0, records / 2), parts));
  return EncodeInParts(CutOut(batch, records / 2, records), parts);
}

}  // namespace

absl::StatusOr<std::string_view> LazyPayload::Get() {
  if (!opened_) {
    RETURN_IF_ERROR(record::DecodePayload(batch_, buffer_));
    opened_ = true;
  }
  return std::string_view(buffer_);
}

uint8_t DeliveredOperation(Verdict verdict) {
  switch (verdict) {
    case Verdict::kInserted:
      return static_cast<uint8_t>(Operation::kInsert);
    case Verdict::kUpdated:
      return static_cast<uint8_t>(Operation::kUpdate);
    case Verdict::kDeleted:
      return static_cast<uint8_t>(Operation::kDelete);
    default:
      return 0;
  }
}

absl::StatusOr<Routed> RouteStage::Route(const catalog::View& view, const record::RecordSchema& schema,
                                         const record::PackedBatch& batch, const broker::Body& original,
                                         std::span<const Verdict> verdicts, LazyPayload& payload) {
  Routed routed;
  routed.operations.resize(verdicts.size());
  bool untouched = view.form == catalog::DeliveryForm::kPacked && view.projection->passes_everything();
  for (size_t i = 0; i < verdicts.size(); ++i) {
    routed.operations[i] = DeliveredOperation(verdicts[i]);
    if (routed.operations[i] != 0) {
      ++routed.records;
    } else {
      untouched = untouched && MayTravelUnselected(verdicts[i]);
    }
  }
  if (routed.records == 0) return routed;
  if (untouched) {
    routed.parts.push_back({routed.records, original});
    return routed;
  }
  ASSIGN_OR_RETURN(const std::string_view opened, payload.Get());
  ASSIGN_OR_RETURN(routed.parts, Repack(view, schema, batch.header, batch.columns, opened, routed.operations));
  routed.operations.clear();
  return routed;
}

absl::StatusOr<std::vector<PackedPart>> RouteStage::Repack(
    const catalog::View& view, const record::RecordSchema& schema, const record::BatchHeader& header,
    const record::RecordColumns& columns, std::string_view payload, std::span<const uint8_t> operations) {
  repacked_.clear();
  repacked_.header = header;
  repacked_.header.publisher_id = 0;
  repacked_.header.resume_position.clear();  // the source's own business
  record::RecordColumns& to = repacked_.columns;
  to.reserve(operations.size());
  const bool everything = view.projection->passes_everything();
  const bool version_passes = ItemPasses(view, schema, schema.version_item);
  const bool event_time_passes = ItemPasses(view, schema, schema.event_time_item);
  for (size_t i = 0; i < operations.size(); ++i) {
    if (operations[i] == 0) continue;
    const uint32_t begin = i == 0 ? 0 : columns.payload_end[i - 1];
    const std::string_view bytes = payload.substr(begin, columns.payload_end[i] - begin);
    if (!view.projection->Apply(bytes, repacked_.payload)) return absl::DataLossError("a judged record does not parse");
    to.id.push_back(columns.id[i]);
    to.key.push_back(columns.key[i]);
    // The fingerprint covers items the view may hide: it would tell that one of them changed.
    to.fingerprint.push_back(everything ? columns.fingerprint[i] : base::Digest());
    to.operation.push_back(static_cast<Operation>(operations[i]));
    to.version.push_back(version_passes ? columns.version[i] : 0);
    to.event_time.push_back(event_time_passes ? columns.event_time[i] : 0);
    to.file_index.push_back(columns.file_index[i]);
    to.row.push_back(columns.row[i]);
    to.payload_end.push_back(static_cast<uint32_t>(repacked_.payload.size()));
  }
  std::vector<PackedPart> parts;
  if (to.size() > 0) RETURN_IF_ERROR(EncodeInParts(repacked_, parts));
  return parts;
}

}  // namespace datong::pipeline
