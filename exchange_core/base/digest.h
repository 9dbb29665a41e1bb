// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace datong::base {

// 128 bits that stand for an id, a key or a content. Keyed: without the secret of its key domain nobody can test a
// guess.
struct Digest {
  uint64_t low = 0;   // bytes 0-7, little-endian
  uint64_t high = 0;  // bytes 8-15, little-endian

  friend auto operator<=>(const Digest&, const Digest&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine(std::move(h), d.low, d.high);
  }
};
static_assert(sizeof(Digest) == 16);

// The secret of a key domain (or of a subscription, for its own reconciliation).
struct DigestKey {
  uint32_t id = 0;  // names the key in headers; 0 is never used
  std::array<uint8_t, 16> secret{};
};

// Digest algorithm 1: SipHash-2-4 with 128-bit output (Aumasson & Bernstein, "SipHash: a fast short-input PRF").
inline constexpr uint8_t kDigestAlgorithmSipHash24_128 = 1;
Digest KeyedDigest(const DigestKey& key, std::string_view content);

// SHA-256: seals of batches, links of the ledger, identity of files.
using Sha256Digest = std::array<uint8_t, 32>;
Sha256Digest Sha256(std::string_view content);

// For content that arrives in pieces. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void Update(std::string_view content);
  Sha256Digest Sofar() const;  // of what came until now; more may follow
  Sha256Digest Finish();       // once

 private:
  void* context_;
};

std::string ToHex(const Digest& digest);  // 32 lower-case hex digits, bytes in order
absl::StatusOr<Digest> DigestFromHex(std::string_view hex);
std::string ToHex(const Sha256Digest& digest);
std::string_view AsBytes(const Sha256Digest& digest);  // view of `digest`

}  // namespace datong::base
