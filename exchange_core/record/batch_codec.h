// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "exchange_core/record/record_batch.h"

// The only place that knows the bytes of a batch (docs/data_formats.md, "Record batch").
//
// Encoding is deterministic: equal batches give equal bytes (of a compressed payload: with one version of its library).
// Decoding trusts nothing: every length is checked against base/limits.h before memory is taken, and nothing outside
// `bytes` is read. Any thread may call any of these; buffers of the compressors are kept per thread.
namespace datong::record {

// InvalidArgument when the columns disagree in length, a value is none (operation, file index, row above 2^40 - 1, file
// sequence above 2^24 - 1, file name that is not UTF-8) or a limit is passed. OutOfRange: it is larger than a batch may
// be once encoded; fewer records may fit.
absl::StatusOr<std::string> EncodeBatch(const RecordBatch& batch);

// Reads header and columns and verifies the seal (SHA-256 over everything before it); the payload stays compressed.
// `bytes` must outlive the use of the view. Memory of `into` is reused.
// DataLoss: damaged (seal, lengths). Unimplemented: magic is right but a version, codec, suite or algorithm is unknown;
// the message names it. InvalidArgument: not a record batch at all. After an error `into` has no records.
struct PackedBatch {
  BatchHeader header;
  RecordColumns columns;
  std::string_view compressed_payload;  // into `bytes`
  uint32_t payload_bytes = 0;           // after decompression
  base::TimeUs event_time_min = 0;      // over the records whose event time is known; both 0 when none is
  base::TimeUs event_time_max = 0;
  base::Sha256Digest seal{};
};
absl::Status DecodeColumns(std::string_view bytes, PackedBatch& into);
// The same for a batch that was decided, read again from the log: its seal was verified then and stands in the ledger,
// and the engine's own checksums guard what it stores. `seal` is what the batch states. All other checks are made.
absl::Status DecodeColumnsOfDecided(std::string_view bytes, PackedBatch& into);

// A few records of such a batch alone, in the order of `records`, which ascends. Columns are walked over and the
// payload is opened no further than they need: checked is what leads to them. Gives how many bytes of payload were
// opened. DataLoss too: it has no such record.
absl::StatusOr<size_t> PickRecordsOfDecided(std::string_view bytes, std::span<const uint32_t> records,
                                            RecordBatch& into);

// The payload of a batch whose columns were decoded. DataLoss when it does not decompress to exactly payload_bytes.
absl::Status DecodePayload(const PackedBatch& batch, std::string& into);

// How many bytes of payload the batch says it opens to, as far as that may be; nothing else is looked at. 0: no batch.
uint32_t StatedPayloadBytes(std::string_view bytes);

// Both steps.
absl::Status DecodeBatch(std::string_view bytes, RecordBatch& into);

}  // namespace datong::record
