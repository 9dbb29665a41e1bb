// SPDX-License-Identifier: Apache-2.0
// No damaged, shortened or hostile batch decodes, none makes the decoder read past its input or take memory its bytes
// do not justify, and what is merely unknown is refused by name.
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

#include "exchange_core/base/limits.h"
#include "exchange_core/record/batch_codec.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

// Decodes from a block of exactly the right size, so that a sanitizer sees any byte read outside.
absl::Status DecodeExact(std::string_view bytes, RecordBatch& into) {
  const auto block = std::make_unique<char[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
  return DecodeBatch(std::string_view(block.get(), bytes.size()), into);
}

absl::Status DecodeExact(std::string_view bytes) {
  RecordBatch into;
  return DecodeExact(bytes, into);
}

TEST_CASE("every single flipped bit is noticed") {
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const std::string bytes = *EncodeBatch(MakeBatch(3, codec));
    REQUIRE(DecodeExact(bytes).ok());
    size_t unnoticed = 0;
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
      std::string flipped = bytes;
      flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
      if (DecodeExact(flipped).ok()) ++unnoticed;
    }
    CHECK(unnoticed == 0);
  }
}

TEST_CASE("a batch that was decided is held against everything but its seal") {
  const std::string bytes = *EncodeBatch(MakeBatch(3, Codec::kLz4));
  PackedBatch verified, decided;
  REQUIRE(DecodeColumns(bytes, verified).ok());
  REQUIRE(DecodeColumnsOfDecided(bytes, decided).ok());
  const base::Sha256Digest seal = verified.seal;
  CHECK(decided.seal == seal);
  CHECK(decided.columns.key == verified.columns.key);

  std::string other_seal = bytes;
  other_seal[bytes.size() - 10] ^= 1;
  CHECK(DecodeColumns(other_seal, verified).code() == absl::StatusCode::kDataLoss);
  REQUIRE(DecodeColumnsOfDecided(other_seal, decided).ok());
  CHECK(decided.seal != seal);

  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(DecodeColumnsOfDecided(bytes.substr(0, size), decided).ok());
    REQUIRE(decided.columns.size() == 0);
  }
}

TEST_CASE("every shortened or lengthened batch is refused") {
  const std::string bytes = *EncodeBatch(MakeBatch(3, Codec::kZstd));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const absl::Status status = DecodeExact(std::string_view(bytes).substr(0, size));
    REQUIRE(status.code() == (size < 8 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kDataLoss));
  }
  CHECK(DecodeExact(bytes + '\0').code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("a resealed change of any byte decodes to a valid batch or is refused") {
  const uint64_t seed = TestSeed("resealed changes");
  base::SeededRandom random(seed);
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const std::string bytes = *EncodeBatch(MakeBatch(5, codec));
    for (int round = 0; round < 4000; ++round) {
      std::string changed = bytes;
      for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
        changed[random.Below(changed.size() - 34)] = static_cast<char>(random.Next());
      }
      Reseal(changed);
      RecordBatch decoded;
      const absl::Status status = DecodeExact(changed, decoded);
      if (status.ok()) {
        REQUIRE(EncodeBatch(decoded).ok());
      } else {
        REQUIRE(decoded.size() == 0);
      }
    }
  }
}

TEST_CASE("unknown versions and algorithms are refused by name") {
  const auto said = [](size_t offset, auto value) {
    std::string bytes = *EncodeBatch(MakeBatch(3, Codec::kLz4));
    Patch(bytes, offset, value);
    Reseal(bytes);
    const absl::Status status = DecodeExact(bytes);
    CHECK(status.code() == absl::StatusCode::kUnimplemented);
    return std::string(status.message());
  };
  using Catch::Contains;
  CHECK_THAT(said(4, uint16_t{2}), Contains("format version 2"));
  CHECK_THAT(said(6, uint16_t{1}), Contains("reserved"));
  CHECK_THAT(said(60, uint8_t{9}), Contains("codec 9"));
  CHECK_THAT(said(61, uint8_t{1}), Contains("crypto suite 1"));
  CHECK_THAT(said(62, uint8_t{4}), Contains("digest algorithm 4"));
  CHECK_THAT(said(63, uint8_t{2}), Contains("canonicalisation version 2"));
  CHECK_THAT(said(112, uint8_t{8}), Contains("snapshot marks"));
  CHECK_THAT(said(113, uint8_t{64}), Contains("column flags"));
  CHECK_THAT(said(116, uint32_t{8}), Contains("extension"));
}

TEST_CASE("hostile lengths and counts are refused before memory is taken") {
  const auto refused = [](size_t offset, auto value, Codec codec = Codec::kZstd) {
    std::string bytes = *EncodeBatch(MakeBatch(3, codec));
    Patch(bytes, offset, value);
    Reseal(bytes);
    PackedBatch packed;
    std::string payload;
    absl::Status status = DecodeColumns(bytes, packed);
    if (status.ok()) status = DecodePayload(packed, payload);
    return status.code() == absl::StatusCode::kDataLoss && packed.columns.id.capacity() < 100 &&
           payload.capacity() < 1000;
  };
  for (const uint32_t huge : {0xffffffffu, 0x80000000u, 0x00ffffffu, 0x000fffffu}) {
    for (const size_t offset : {8, 12, 16, 20, 24, 28, 120, 124}) {  // lengths, record count, file count
      CAPTURE(huge, offset);
      CHECK(refused(offset, huge));
    }
  }
  CHECK(refused(12, uint32_t{129}));
  CHECK(refused(114, uint16_t{12}));
  CHECK(refused(56, uint32_t{1}));
}

TEST_CASE("flags, operations and entries of records that say the same must agree") {
  const std::string with = *EncodeBatch(MakeBatchWithSame(40, Codec::kLz4)),
                    without = *EncodeBatch(MakeBatch(40, Codec::kLz4));
  const auto said = [](std::string bytes, size_t offset, auto value) {
    Patch(bytes, offset, value);
    Reseal(bytes);
    RecordBatch into;
    return DecodeBatch(bytes, into);
  };
  const auto header_bytes = [](const std::string& bytes) {
    uint32_t header = 0;
    std::memcpy(&header, bytes.data() + 12, sizeof header);
    return size_t{header};
  };
  CHECK(said(with, 113, uint8_t{0}).code() == absl::StatusCode::kDataLoss);
  CHECK(said(without, 113, uint8_t{32}).code() == absl::StatusCode::kDataLoss);
  RecordBatch upsert = MakeBatch(1, Codec::kNone);
  const std::string one = *EncodeBatch(upsert);
  const size_t operation = header_bytes(one) + 3 * sizeof(base::Digest) + 1;
  CHECK(said(one, operation, uint8_t{1}).ok());
  CHECK(said(one, operation, uint8_t{6}).code() == absl::StatusCode::kDataLoss);

  const std::string same = *EncodeBatch(MakeBatchWithSame(1, Codec::kNone));
  const size_t columns = header_bytes(same);
  CHECK(said(same, columns + 1, uint8_t{6}).ok());
  CHECK(said(same, columns + 1, uint8_t{1}).code() == absl::StatusCode::kDataLoss);  // nobody says "same"
  CHECK(said(same, columns + 9, uint8_t{1}).code() == absl::StatusCode::kDataLoss);  // between operations and digests
}

// A payload that claims more than its bytes can hold, under each codec.
TEST_CASE("decompression bombs are refused") {
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    PackedBatch packed;
    const std::string bytes = *EncodeBatch(MakeBatch(3, codec));
    REQUIRE(DecodeColumns(bytes, packed).ok());
    for (const size_t claim :
         {size_t{packed.payload_bytes} + 1, base::kBatchPayloadBytesMax, base::kBatchPayloadBytesMax + 1}) {
      std::string payload;
      packed.payload_bytes = static_cast<uint32_t>(claim);
      CHECK(DecodePayload(packed, payload).code() == absl::StatusCode::kDataLoss);
      CHECK(payload.capacity() < 10000);
    }
  }
}

TEST_CASE("what is not a batch at all is called so") {
  CHECK(DecodeExact("").code() == absl::StatusCode::kInvalidArgument);
  CHECK(DecodeExact("DTRB").code() == absl::StatusCode::kInvalidArgument);
  CHECK(DecodeExact(std::string(200, '\0')).code() == absl::StatusCode::kInvalidArgument);
  CHECK(DecodeExact("PK\x03\x04 something else entirely").code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace datong::record
