// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no rejected row or decode to one that encodes and decodes to itself.
#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/record/rejected_row.h"
#include "tests/fuzz/fuzz_targets.h"

namespace datong::fuzz {

void FuzzRejectedRow(std::string_view input) {
  // The whole input as the row itself, and as the stored form.
  record::RejectedRow row;
  row.reason = "type";
  row.detail = input;
  row.raw = input;
  row.raw_sha256 = base::AsBytes(base::Sha256(input));
  const auto back = record::DecodeRejectedRow(record::EncodeRejectedRow(row));
  DATONG_CHECK(back.ok() && back->raw == input);

  const auto decoded = record::DecodeRejectedRow(input);
  if (!decoded.ok()) return;
  const auto again = record::DecodeRejectedRow(record::EncodeRejectedRow(*decoded));
  DATONG_CHECK(again.ok() && again->raw == decoded->raw && again->detail == decoded->detail);
}

}  // namespace datong::fuzz
