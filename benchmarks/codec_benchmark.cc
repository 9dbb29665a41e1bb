// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/company_records.h"
#include "benchmarks/memory_broker.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/stopwatch.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::benchmarks {
namespace {

constexpr size_t kBatchesMeasured = 64;

struct CodecUnderTest {
  record::Codec codec;
  const char* name;
};
constexpr CodecUnderTest kCodecs[] = {
    {record::Codec::kZstd, "zstd"}, {record::Codec::kLz4, "lz4"}, {record::Codec::kNone, "none"}};

// CPU nanoseconds per record of `work`, once per repetition.
absl::StatusOr<std::vector<double>> NsPerRecord(int repetitions, uint64_t records,
                                                const std::function<absl::Status()>& work) {
  RETURN_IF_ERROR(work());  // buffers grow once
  std::vector<double> ns;
  for (int i = 0; i < repetitions; ++i) {
    Stopwatch watch;
    watch.Start();
    RETURN_IF_ERROR(work());
    watch.Stop();
    ns.push_back(watch.cpu_seconds() * 1e9 / static_cast<double>(records));
  }
  return ns;
}

absl::Status MeasureCodecOf(const CodecUnderTest& under_test, std::vector<record::RecordBatch>& batches,
                            int repetitions, std::vector<Figure>& figures) {
  uint64_t records = 0, payload = 0, encoded_bytes = 0, stored = 0;
  std::vector<std::string> encoded(batches.size());
  for (record::RecordBatch& batch : batches) {
    batch.header.codec = under_test.codec;
    records += batch.size();
    payload += batch.payload.size();
  }
  ASSIGN_OR_RETURN(auto encode, NsPerRecord(repetitions, records, [&]() -> absl::Status {
                     for (size_t i = 0; i < batches.size(); ++i) {
                       ASSIGN_OR_RETURN(encoded[i], record::EncodeBatch(batches[i]));
                     }
                     return absl::OkStatus();
                   }));
  std::vector<record::PackedBatch> packed(batches.size());
  ASSIGN_OR_RETURN(auto columns, NsPerRecord(repetitions, records, [&]() -> absl::Status {
                     for (size_t i = 0; i < batches.size(); ++i)
                       RETURN_IF_ERROR(record::DecodeColumns(encoded[i], packed[i]));
                     return absl::OkStatus();
                   }));
  std::string buffer;
  ASSIGN_OR_RETURN(auto payloads, NsPerRecord(repetitions, records, [&]() -> absl::Status {
                     for (const record::PackedBatch& batch : packed)
                       RETURN_IF_ERROR(record::DecodePayload(batch, buffer));
                     return absl::OkStatus();
                   }));
  for (size_t i = 0; i < batches.size(); ++i) {
    encoded_bytes += encoded[i].size();
    stored += packed[i].compressed_payload.size();
  }
  const auto per_record = [&](uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(records); };
  const std::string workload =
      absl::StrFormat("%d batches of %d records, %.0f bytes of protobuf each, %s, one core", batches.size(),
                      records / batches.size(), per_record(payload), under_test.name);
  const std::string prefix = absl::StrCat("codec.", under_test.name, ".");
  figures.push_back(FigureOf(prefix + "encode", "CPU ns/record", std::move(encode), workload));
  figures.push_back(FigureOf(prefix + "decode_columns", "CPU ns/record", std::move(columns), workload));
  figures.push_back(FigureOf(prefix + "decode_payload", "CPU ns/record", std::move(payloads), workload));
  figures.push_back(FigureOf(prefix + "stored_payload", "bytes/record", {per_record(stored)}, workload));
  figures.push_back(FigureOf(prefix + "stored_batch", "bytes/record", {per_record(encoded_bytes)}, workload));
  return absl::OkStatus();
}

absl::Status MeasureWriter(const record::RecordSchema& schema, int repetitions, std::vector<Figure>& figures) {
  constexpr uint64_t kRows = 20'000;
  CompanyRows rows(kSeed);
  std::vector<std::vector<std::string>> texts;
  for (uint64_t i = 0; i < kRows; ++i) {
    auto& row = texts.emplace_back();
    for (const auto& value : rows.Row(i)) row.emplace_back(*value);
  }
  base::DigestKey key;
  key.id = 1;
  record::RecordWriter writer(schema, key);
  record::RecordBatch batch;
  std::vector<record::FieldText> values(kCompanyItems);
  ASSIGN_OR_RETURN(auto ns, NsPerRecord(repetitions, kRows, [&]() -> absl::Status {
                     batch.clear();
                     for (uint64_t i = 0; i < kRows; ++i) {
                       for (size_t item = 0; item < kCompanyItems; ++item) values[item] = texts[i][item];
                       if (writer.Append(values, record::Operation::kUpsert, {0, i + 1}, batch)) {
                         return absl::InternalError("a made-up row is no record");
                       }
                     }
                     return absl::OkStatus();
                   }));
  figures.push_back(
      FigureOf("codec.write", "CPU ns/record", std::move(ns),
               absl::StrCat("rows of ", kCompanyItems, " texts to protobuf, with key and content digests, one core")));
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureCodec(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const PreparedUnit unit, PrepareUnitForAll(options.directory, 150'000));
  std::vector<record::RecordBatch> batches;
  for (size_t i = 0; i < unit.batches.size() && i < kBatchesMeasured; ++i) {
    RETURN_IF_ERROR(record::DecodeBatch(unit.batches[i].bytes, batches.emplace_back()));
  }
  for (const CodecUnderTest& codec : kCodecs) {
    RETURN_IF_ERROR(MeasureCodecOf(codec, batches, options.repetitions(), figures));
  }
  const ScratchDirectory scratch(options.directory);
  const auto broker = NewMemoryBroker(base::SystemClock());
  HandScheduler scheduler;
  ASSIGN_OR_RETURN(const auto exchange, BenchExchange::Open(scratch.path(), *broker, scheduler, 1, Views::kOne));
  return MeasureWriter(exchange->resource().schema, options.repetitions(), figures);
}

}  // namespace datong::benchmarks
