// SPDX-License-Identifier: Apache-2.0
// A rejected row comes back byte for byte, and damage to it is noticed.
#include "exchange_core/record/rejected_row.h"

#include <catch2/catch.hpp>

#include "datong/exchange/v1/rejected_row.pb.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/frame.h"

namespace datong::record {
namespace {

RejectedRow MakeRow() {
  RejectedRow row;
  row.reason = "encoding";
  row.detail = "item \"名称\": not UTF-8";
  row.raw = std::string("\xb5\xd8\0,x\n", 6);
  row.raw_sha256 = base::AsBytes(base::Sha256(row.raw));
  return row;
}

TEST_CASE("a rejected row survives") {
  for (const bool cut : {false, true}) {
    RejectedRow row = MakeRow();
    row.cut = cut;
    if (cut) row.raw_sha256 = base::AsBytes(base::Sha256("the whole row"));
    const auto back = DecodeRejectedRow(EncodeRejectedRow(row));
    REQUIRE(back.ok());
    CHECK(back->reason == row.reason);
    CHECK(back->detail == row.detail);
    CHECK(back->raw == row.raw);
    CHECK(back->cut == cut);
    CHECK(back->raw_sha256 == row.raw_sha256);
  }
}

TEST_CASE("the stored form is the published protobuf message in a frame") {
  RejectedRow row = MakeRow();
  row.cut = true;
  const std::string bytes = EncodeRejectedRow(row);
  exchange::v1::RejectedRow message;
  REQUIRE(message.ParseFromString(bytes.substr(base::kFrameBytes)));
  CHECK(message.reason() == row.reason);
  CHECK(message.detail() == row.detail);
  CHECK(message.raw() == row.raw);
  CHECK(message.cut());
  CHECK(message.raw_sha256() == row.raw_sha256);
  CHECK(message.SerializeAsString() == bytes.substr(base::kFrameBytes));
}

TEST_CASE("a detail that is not UTF-8 is made readable") {
  RejectedRow row = MakeRow();
  row.detail = "bad \xff byte";
  CHECK(DecodeRejectedRow(EncodeRejectedRow(row))->detail == "bad \\xff byte");
}

TEST_CASE("damaged and foreign bytes are refused") {
  const std::string bytes = EncodeRejectedRow(MakeRow());
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(DecodeRejectedRow(std::string_view(bytes).substr(0, size)).ok());
  }
  std::string other = bytes;
  other[bytes.find("\xb5\xd8")] ^= 1;
  CHECK(DecodeRejectedRow(other).status().code() == absl::StatusCode::kDataLoss);
  other = bytes;
  other[4] = 2;
  CHECK(DecodeRejectedRow(other).status().code() == absl::StatusCode::kUnimplemented);
  CHECK(DecodeRejectedRow("DTRB not this one").status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace datong::record
