// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no envelope or decode to one that encodes and decodes to itself; and an envelope never lets
// more, or other, records out of a batch than its runs name and the batch holds.
//
// Input: how many records the batch has, then the message behind the envelope's frame; and the whole input as an
// envelope.
#include <array>
#include <string>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/delivered_batch.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/record/batch_codec.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

constexpr size_t kBatches = 24;

struct SampleBatch {
  record::RecordBatch batch;
  std::string bytes;
};

// Batch i has i records of different lengths, some of them empty.
const SampleBatch& Sample(size_t records) {
  static const auto& samples = *[] {
    auto* made = new std::array<SampleBatch, kBatches>;
    for (size_t count = 0; count < kBatches; ++count) {
      record::RecordBatch& batch = (*made)[count].batch;
      batch.header.codec = record::Codec::kNone;
      batch.header.files = {{1, "a.csv"}};
      for (size_t i = 0; i < count; ++i) {
        batch.columns.id.push_back({i, 1});
        batch.columns.key.push_back({i, 2});
        batch.columns.fingerprint.push_back({i, 3});
        batch.columns.operation.push_back(i % 3 == 2 ? record::Operation::kDelete : record::Operation::kUpsert);
        batch.columns.version.push_back(static_cast<int64_t>(i));
        batch.columns.event_time.push_back(0);
        batch.columns.file_index.push_back(0);
        batch.columns.row.push_back(i + 1);
        batch.payload.append(i * 5 % 7, static_cast<char>('a' + i));
        batch.columns.payload_end.push_back(static_cast<uint32_t>(batch.payload.size()));
      }
      const auto encoded = record::EncodeBatch(batch);
      DATONG_CHECK(encoded.ok());
      (*made)[count].bytes = *encoded;
    }
    return made;
  }();
  return samples[records];
}

// The runs written out, one code per record; false when they are not `records` codes of one byte.
template <typename Runs>
bool WrittenOut(const Runs& runs, size_t records, std::vector<uint32_t>& codes) {
  uint64_t total = 0;
  for (int i = 0; i + 1 < runs.size(); i += 2) total += runs.Get(i + 1);
  if (runs.size() % 2 != 0 || total != records) return false;
  for (int i = 0; i < runs.size(); i += 2) {
    if (runs.Get(i) > 255) return false;
    codes.insert(codes.end(), runs.Get(i + 1), runs.Get(i));
  }
  return true;
}

void CheckSelection(const ledger::v1::DeliveryEnvelope& envelope, const SampleBatch& sample) {
  record::RecordBatch delivered;
  if (!node::DecodeDelivered(envelope, sample.bytes, record::RecordSchema(), delivered).ok()) return;
  if (!envelope.record_batch().empty()) {  // the sample is taken for one record's bytes
    DATONG_CHECK(delivered.size() == 1);
    return;
  }
  const record::RecordBatch& from = sample.batch;
  DATONG_CHECK(delivered.size() == envelope.records() && delivered.size() <= from.size());

  std::vector<uint32_t> codes;
  if (envelope.operation_runs_size() == 0) {
    for (const record::Operation operation : from.columns.operation) codes.push_back(static_cast<uint32_t>(operation));
  } else {
    DATONG_CHECK(WrittenOut(envelope.operation_runs(), from.size(), codes));
  }
  size_t to = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (codes[i] == 0) continue;
    DATONG_CHECK(delivered.record(to) == from.record(i));
    DATONG_CHECK(static_cast<uint32_t>(delivered.columns.operation[to]) == codes[i]);
    DATONG_CHECK(delivered.columns.id[to] == from.columns.id[i] && delivered.columns.row[to] == from.columns.row[i]);
    ++to;
  }
  DATONG_CHECK(to == delivered.size());

  // What was let through is a batch in every way: it can be written again.
  const auto encoded = record::EncodeBatch(delivered);
  DATONG_CHECK(encoded.ok());
  record::RecordBatch again;
  DATONG_CHECK(record::DecodeBatch(*encoded, again).ok() && again.payload == delivered.payload);
}

void TakeDelivery(std::string_view bytes, const SampleBatch& sample) {
  const auto envelope = pipeline::DecodeDeliveryEnvelope(bytes);
  if (!envelope.ok()) return;
  const auto again = pipeline::DecodeDeliveryEnvelope(pipeline::EncodeEnvelope(*envelope));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == envelope->SerializeAsString());
  CheckSelection(*envelope, sample);
}

void TakeQuarantine(std::string_view bytes, size_t records) {
  const auto envelope = pipeline::DecodeQuarantineEnvelope(bytes);
  if (!envelope.ok()) return;
  const auto again = pipeline::DecodeQuarantineEnvelope(pipeline::EncodeEnvelope(*envelope));
  DATONG_CHECK(again.ok() && again->SerializeAsString() == envelope->SerializeAsString());

  std::vector<uint8_t> codes;
  std::vector<uint32_t> expected;
  const bool fits = WrittenOut(envelope->verdict_runs(), records, expected);
  DATONG_CHECK(ledger::UnpackRuns(envelope->verdict_runs(), records, codes) == fits);
  if (fits) DATONG_CHECK(std::vector<uint32_t>(codes.begin(), codes.end()) == expected);
}

}  // namespace

void FuzzEnvelopes(std::string_view input) {
  TakeDelivery(input, Sample(0));
  TakeQuarantine(input, 0);
  InputReader reader(input);
  const size_t records = reader.Byte() % kBatches;
  TakeDelivery(base::Frame("DTDE", 1, reader.rest()), Sample(records));
  TakeQuarantine(base::Frame("DTQE", 1, reader.rest()), records);
}

}  // namespace datong::fuzz
