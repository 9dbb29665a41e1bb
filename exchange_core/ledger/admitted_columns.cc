// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "exchange_core/base/check.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/source_order.h"
#include "exchange_core/record/varint_column.h"

namespace datong::ledger {
namespace {

constexpr uint8_t kAdmittedVersion = 1;
constexpr size_t kDigestBytes = sizeof(base::Digest);
constexpr uint64_t kFileSequenceMax = ~uint64_t{0} >> kRowBits;

void AppendDigests(const std::vector<base::Digest>& column, std::span<const uint32_t> admitted, std::string& out) {
  size_t at = out.size();
  out.resize(at + admitted.size() * kDigestBytes);
  for (const uint32_t i : admitted) {
    std::memcpy(out.data() + at, &column[i], kDigestBytes);
    at += kDigestBytes;
  }
}

// Columns of numbers go as differences: a source counts upwards, so most of them take one byte.
template <typename Value>
void AppendDifferences(std::span<const uint32_t> admitted, std::string& out, Value value) {
  uint64_t before = 0;
  record::AppendVarints(out, admitted.size(), [&](size_t i) {
    const uint64_t now = value(admitted[i]);
    const auto difference = static_cast<int64_t>(now - before);
    before = now;
    return base::ZigZag(difference);
  });
}

template <typename Take>
const uint8_t* ReadDifferences(const uint8_t* from, const uint8_t* end, size_t count, Take take) {
  uint64_t now = 0;
  return record::ReadVarints(from, end, count, [&](size_t i, uint64_t value) {
    now += static_cast<uint64_t>(base::UnZigZag(value));
    take(i, now);
  });
}

void ReadDigests(const uint8_t* from, size_t count, std::vector<base::Digest>& column) {
  column.resize(count);
  if (count != 0) std::memcpy(column.data(), from, count * kDigestBytes);
}

absl::Status Damaged(const char* what) {
  return absl::DataLossError(
      absl::StrCat("admitted columns of a ledger entry: ", what,
                   ". Compare the ledger with a copy of it; the hash of the entry says which is true"));
}

}  // namespace

void AdmittedColumns::clear() {
  record.clear();
  key.clear();
  fingerprint.clear();
  version.clear();
  source_order.clear();
  verdict.clear();
}

std::string EncodeAdmitted(const record::BatchHeader& header, const record::RecordColumns& columns,
                           std::span<const Verdict> verdicts, bool entity) {
  DATONG_CHECK(verdicts.size() == columns.size());
  std::vector<uint32_t> admitted;
  admitted.reserve(verdicts.size());
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (IsKept(verdicts[i])) admitted.push_back(static_cast<uint32_t>(i));
  }
  std::string out;
  out.reserve(1 + admitted.size() * (entity ? 2 * kDigestBytes + 8 : kDigestBytes));
  out.push_back(static_cast<char>(kAdmittedVersion));
  AppendDigests(entity ? columns.key : columns.id, admitted, out);
  if (entity) {
    AppendDigests(columns.fingerprint, admitted, out);
    AppendDifferences(admitted, out, [&](uint32_t i) { return static_cast<uint64_t>(columns.version[i]); });
    AppendDifferences(admitted, out, [&](uint32_t i) { return SourceOrder(header, columns, i) >> kRowBits; });
    AppendDifferences(admitted, out, [&](uint32_t i) { return SourceOrder(header, columns, i) & kRowMask; });
  }
  return out;
}

absl::Status DecodeAdmitted(std::string_view bytes, std::span<const Verdict> verdicts, bool entity,
                            AdmittedColumns& into) {
  into.clear();
  if (bytes.empty()) return Damaged("there are none");
  if (const auto version = static_cast<uint8_t>(bytes[0]); version != kAdmittedVersion) {
    return absl::UnimplementedError(absl::StrCat("admitted columns of a ledger entry have format version ", version,
                                                 "; this program knows version ", kAdmittedVersion,
                                                 ". Use the program version that wrote it"));
  }
  const auto count = static_cast<size_t>(std::count_if(verdicts.begin(), verdicts.end(), IsKept));
  const size_t digests = entity ? 2 * count : count;
  if ((bytes.size() - 1) / kDigestBytes < digests) return Damaged("shorter than the verdicts say");

  into.record.reserve(count);
  into.verdict.reserve(count);
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (!IsKept(verdicts[i])) continue;
    into.record.push_back(static_cast<uint32_t>(i));
    into.verdict.push_back(verdicts[i]);
  }
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data()) + 1;
  const auto* end = from + bytes.size() - 1;
  ReadDigests(from, count, into.key);
  from += count * kDigestBytes;
  if (entity) {
    ReadDigests(from, count, into.fingerprint);
    from += count * kDigestBytes;
    into.version.resize(count);
    into.source_order.resize(count);
    bool in_range = true;
    from = ReadDifferences(from, end, count, [&](size_t i, uint64_t v) { into.version[i] = static_cast<int64_t>(v); });
    if (from != nullptr) {
      from = ReadDifferences(from, end, count, [&](size_t i, uint64_t sequence) {
        in_range = in_range && sequence <= kFileSequenceMax;
        into.source_order[i] = sequence << kRowBits;
      });
    }
    if (from != nullptr) {
      from = ReadDifferences(from, end, count, [&](size_t i, uint64_t row) {
        in_range = in_range && row <= kRowMask;
        into.source_order[i] |= row & kRowMask;
      });
    }
    if (from == nullptr) return Damaged("a column of numbers does not end");
    if (!in_range) return Damaged("a file or row number is out of range");
  }
  if (from != end) return Damaged("longer than the verdicts say");
  return absl::OkStatus();
}

}  // namespace datong::ledger
