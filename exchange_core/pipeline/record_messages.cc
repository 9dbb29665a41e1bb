// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/record_messages.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <algorithm>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/projection.h"
#include "exchange_core/record/record_json.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::pipeline {
namespace {

using record::Operation;

constexpr size_t kKeyBytesMax = size_t{1} << 10;             // broker::Message
constexpr size_t kPayloadInEnvelopeMax = size_t{768} << 10;  // an envelope holds 1 MiB, with its columns and file names

std::string TimeText(base::TimeUs time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

// A part of a URI's path: names of resources may be Chinese.
std::string PathSegment(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string segment;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      segment += c;
    } else {
      segment += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return segment;
}

const char* OperationWord(Operation operation) {
  switch (operation) {
    case Operation::kInsert:
      return "insert";
    case Operation::kDelete:
      return "delete";
    default:
      return "update";
  }
}

const record::RecordSchema& SchemaOf(const catalog::Resource& resource, uint32_t version) {
  for (const auto& schema : resource.versions) {
    if (schema->version == version) return *schema;
  }
  return *resource.schema;
}

// Values of the key items joined by commas, as `datong trace` takes them; the digest where there are none, or too many.
std::string KeyText(const record::RecordSchema& schema, std::string_view record, const base::Digest& digest) {
  const std::vector<uint32_t>& parts = schema.key_items.empty() ? schema.id_items : schema.key_items;
  std::string joined;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto text = record::FieldAsText(schema.items[parts[i]], record);
    if (!text.has_value()) return base::ToHex(digest);
    absl::StrAppend(&joined, i == 0 ? "" : ",", *text);
  }
  return parts.empty() || joined.size() > kKeyBytesMax ? base::ToHex(digest) : joined;
}

// Of the record only what names its object: all that a delete needs.
std::string KeyItemsOnly(const record::RecordSchema& schema, std::string_view record) {
  std::vector<uint32_t> fields;
  for (const uint32_t item : schema.key_items) fields.push_back(schema.items[item].field_number);
  std::sort(fields.begin(), fields.end());
  std::string kept;
  DATONG_CHECK(record::Projection(fields).Apply(record, kept));
  return kept;
}

// What says of every delivery where it stands: in its stream, and where it came from.
broker::Attributes PlaceAttributes(const catalog::Resource& resource, const ledger::v1::DeliveryEnvelope& envelope,
                                   const char* what, base::TimeUs time) {
  const std::string stream = envelope.subscription_id() != 0 ? absl::StrCat("again-", envelope.subscription_id())
                                                             : absl::StrCat("stream-", envelope.view_id());
  return {
      {"ce_specversion", "1.0"},
      {"ce_id", absl::StrCat(stream, "-", envelope.lane(), "-", envelope.first_sequence())},
      {"ce_source", absl::StrCat("/resources/", PathSegment(resource.name))},
      {"ce_type", absl::StrCat("datong.", what)},
      {"ce_time", TimeText(time)},
      {"datong_lane", absl::StrCat(envelope.lane())},
      {"datong_sequence", absl::StrCat(envelope.first_sequence())},
      {"datong_records", absl::StrCat(envelope.records())},
      {"datong_source_position",
       absl::StrCat(resource.publish_topic(), "/", envelope.input_partition(), "@", envelope.input_position())},
  };
}

broker::Attributes BatchAttributes(const catalog::Resource& resource, const ledger::v1::DeliveryEnvelope& envelope) {
  auto attributes = PlaceAttributes(resource, envelope, "batch", envelope.receive_time());
  attributes.emplace_back("content-type", "application/vnd.datong.record-batch");
  return attributes;
}

// `one`: the batch of this record alone that the envelope holds.
broker::Attributes RecordAttributes(const catalog::Resource& resource, const ledger::v1::DeliveryEnvelope& envelope,
                                    const record::RecordBatch& one) {
  const Operation operation = one.columns.operation[0];
  const base::TimeUs time = one.columns.event_time[0] != 0 ? one.columns.event_time[0] : envelope.receive_time();
  auto attributes = PlaceAttributes(resource, envelope, OperationWord(operation), time);
  attributes.emplace_back("datong_operation", OperationWord(operation));
  attributes.emplace_back("datong_schema_version", absl::StrCat(one.header.schema_version));
  if (!one.header.files.empty()) attributes.emplace_back("datong_file", one.header.files[0].name);
  if (one.columns.row[0] != 0) attributes.emplace_back("datong_row", absl::StrCat(one.columns.row[0]));
  if (operation != Operation::kDelete) {
    attributes.emplace_back("content-type", envelope.json() ? "application/json" : "application/protobuf");
  }
  return attributes;
}

DeliveryMessage OneRecord(const catalog::View& view, const catalog::Resource& resource,
                          ledger::v1::DeliveryEnvelope envelope, const record::RecordBatch& batch, size_t i) {
  const record::RecordSchema& schema = SchemaOf(resource, batch.header.schema_version);
  const std::string_view bytes = batch.record(i);
  const record::RecordColumns& columns = batch.columns;
  const Operation operation = columns.operation[i];
  const bool deleted = operation == Operation::kDelete;

  record::RecordBatch one;
  one.header = batch.header;
  one.header.codec = record::Codec::kNone;
  const uint32_t file = columns.file_index[i];
  one.header.files =
      file < batch.header.files.size() ? std::vector{batch.header.files[file]} : std::vector<record::SourceFile>();
  if (deleted) one.payload = bytes.size() > kPayloadInEnvelopeMax ? KeyItemsOnly(schema, bytes) : std::string(bytes);
  one.columns.id = {columns.id[i]};
  one.columns.key = {columns.key[i]};
  one.columns.fingerprint = {columns.fingerprint[i]};
  one.columns.operation = {operation};
  one.columns.version = {columns.version[i]};
  one.columns.event_time = {columns.event_time[i]};
  one.columns.file_index = {0};
  one.columns.row = {columns.row[i]};
  one.columns.payload_end = {static_cast<uint32_t>(one.payload.size())};
  auto encoded = record::EncodeBatch(one);
  DATONG_CHECK(encoded.ok());

  std::string json;
  if (!deleted && view.form == catalog::DeliveryForm::kJson) json = record::RecordAsJson(schema, bytes);
  // A value of control characters grows sixfold in JSON. What no message could hold goes as protobuf, and says so.
  if (json.size() > base::kBatchBytesMax) json.clear();
  envelope.set_first_sequence(envelope.first_sequence() + i);
  envelope.set_records(1);
  envelope.set_record_batch(*std::move(encoded));
  envelope.set_json(!json.empty());

  DeliveryMessage message;
  message.key = KeyText(schema, bytes, schema.key_items.empty() ? columns.id[i] : columns.key[i]);
  message.attributes = RecordAttributes(resource, envelope, one);
  if (!deleted) message.body = broker::Body(json.empty() ? std::string(bytes) : std::move(json));
  message.envelope = EncodeEnvelope(envelope);
  return message;
}

}  // namespace

std::vector<DeliveryMessage> MessagesOf(const catalog::View& view, const catalog::Resource& resource,
                                        const ledger::v1::DeliveryEnvelope& envelope, broker::Body body) {
  std::vector<DeliveryMessage> messages;
  if (view.form == catalog::DeliveryForm::kPacked) {
    messages.push_back({"", EncodeEnvelope(envelope), std::move(body), BatchAttributes(resource, envelope)});
    return messages;
  }
  record::RecordBatch batch;
  // It was packed a moment ago, by this lane.
  DATONG_CHECK(record::DecodeBatch(body.bytes(), batch).ok());
  DATONG_CHECK(envelope.operation_runs_size() == 0 && batch.size() == envelope.records());
  messages.reserve(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) messages.push_back(OneRecord(view, resource, envelope, batch, i));
  return messages;
}

broker::Attributes RestoreForForeignReaders(const catalog::Resource& resource, broker::Message& message) {
  const auto envelope = DecodeDeliveryEnvelope(message.envelope);
  if (!envelope.ok()) return {};
  if (envelope->record_batch().empty()) return BatchAttributes(resource, *envelope);
  record::RecordBatch one;
  if (!record::DecodeBatch(envelope->record_batch(), one).ok() || one.size() != 1) return {};
  const bool deleted = one.columns.operation[0] == Operation::kDelete;
  if (!deleted && message.body.bytes().empty()) message.body = broker::Body(std::string());
  return RecordAttributes(resource, *envelope, one);
}

}  // namespace datong::pipeline
