// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no batch or decode to one that encodes and decodes to itself.
#include <cstring>
#include <string>

#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/record/batch_codec.h"
#include "tests/fuzz/fuzz_targets.h"

namespace datong::fuzz {
namespace {

constexpr size_t kSealBytes = 34;
constexpr size_t kHeaderBytes = 128;

// The seal keeps random changes from reaching anything behind it, so the second try repairs it, together with the
// stated total; what is left is what a hostile writer could send.
std::string Repaired(std::string_view input) {
  std::string bytes(input);
  if (bytes.size() < kHeaderBytes + kSealBytes) return bytes;
  std::memcpy(bytes.data(), "DTRB\1\0\0", 8);
  const auto total = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data() + 8, &total, sizeof total);
  const base::Sha256Digest seal = base::Sha256(std::string_view(bytes).substr(0, bytes.size() - kSealBytes));
  bytes.replace(bytes.size() - kSealBytes, 32, base::AsBytes(seal));
  bytes.replace(bytes.size() - 2, 2, 2, '\0');
  return bytes;
}

void DecodeTwice(std::string_view bytes) {
  record::RecordBatch batch, again;
  if (!record::DecodeBatch(bytes, batch).ok()) return;
  const auto encoded = record::EncodeBatch(batch);
  DATONG_CHECK(encoded.ok());
  DATONG_CHECK(record::DecodeBatch(*encoded, again).ok());
  DATONG_CHECK(again.header == batch.header && again.payload == batch.payload);
  DATONG_CHECK(again.columns.id == batch.columns.id && again.columns.row == batch.columns.row);
  DATONG_CHECK(again.columns.payload_end == batch.columns.payload_end);
  DATONG_CHECK(again.columns.same_entry == batch.columns.same_entry);
  for (size_t i = 0; i < batch.size(); ++i) DATONG_CHECK(again.record(i) == batch.record(i));
}

}  // namespace

void FuzzBatchDecoder(std::string_view input) {
  DecodeTwice(input);
  DecodeTwice(Repaired(input));
}

}  // namespace datong::fuzz
