// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/digest.h"

#include <absl/strings/str_cat.h>
#include <openssl/evp.h>

#include <memory>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"

namespace datong::base {
namespace {

uint64_t Load64(const void* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

constexpr uint64_t RotateLeft(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

// The state of SipHash: four words, mixed by additions, rotations and exclusive ors.
struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v2 += v3;
    v1 = RotateLeft(v1, 13) ^ v0;
    v3 = RotateLeft(v3, 16) ^ v2;
    v0 = RotateLeft(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = RotateLeft(v1, 17) ^ v2;
    v3 = RotateLeft(v3, 21) ^ v0;
    v2 = RotateLeft(v2, 32);
  }

  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }

  uint64_t Squeeze() {
    for (int i = 0; i < 4; ++i) Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

std::string BytesToHex(const void* data, size_t size) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto* bytes = static_cast<const uint8_t*>(data);
  std::string out(size * 2, '0');
  for (size_t i = 0; i < size; ++i) {
    out[2 * i] = kHex[bytes[i] >> 4];
    out[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return out;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Looked up once: asking OpenSSL by name costs more than digesting a short record.
const EVP_MD* Sha256Method() {
  static const EVP_MD* const method = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    DATONG_CHECK(fetched != nullptr);
    return fetched;
  }();
  return method;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Digest KeyedDigest(const DigestKey& key, std::string_view content) {
  const uint64_t k0 = Load64(key.secret.data());
  const uint64_t k1 = Load64(key.secret.data() + 8);
  SipState state{k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull ^ 0xee, k0 ^ 0x6c7967656e657261ull,
                 k1 ^ 0x7465646279746573ull};
  const char* at = content.data();
  size_t left = content.size();
  for (; left >= 8; at += 8, left -= 8) state.Absorb(Load64(at));
  uint64_t tail = static_cast<uint64_t>(content.size()) << 56;  // the last word carries the length modulo 256
  for (size_t i = 0; i < left; ++i) tail |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
  state.Absorb(tail);

  Digest digest;
  state.v2 ^= 0xee;
  digest.low = state.Squeeze();
  state.v1 ^= 0xdd;
  digest.high = state.Squeeze();
  return digest;
}

Sha256Digest Sha256(std::string_view content) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  Sha256Digest digest;
  DATONG_CHECK(context != nullptr);
  DATONG_CHECK(EVP_DigestInit_ex2(context.get(), Sha256Method(), nullptr) == 1);
  DATONG_CHECK(EVP_DigestUpdate(context.get(), content.data(), content.size()) == 1);
  DATONG_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  DATONG_CHECK(context_ != nullptr);
  DATONG_CHECK(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), Sha256Method(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256Stream::Update(std::string_view content) {
  DATONG_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), content.data(), content.size()) == 1);
}

Sha256Digest Sha256Stream::Sofar() const {
  static thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> copy(EVP_MD_CTX_new());
  Sha256Digest digest;
  DATONG_CHECK(copy != nullptr);
  DATONG_CHECK(EVP_MD_CTX_copy_ex(copy.get(), static_cast<const EVP_MD_CTX*>(context_)) == 1);
  DATONG_CHECK(EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha256Digest Sha256Stream::Finish() {
  Sha256Digest digest;
  DATONG_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr) == 1);
  return digest;
}

std::string ToHex(const Digest& digest) { return BytesToHex(&digest, sizeof digest); }

std::string ToHex(const Sha256Digest& digest) { return BytesToHex(digest.data(), digest.size()); }

absl::StatusOr<Digest> DigestFromHex(std::string_view hex) {
  uint8_t bytes[sizeof(Digest)];
  if (hex.size() != 2 * sizeof bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a digest is written as ", 2 * sizeof bytes, " hex digits; \"", Absl(hex), "\" has ", hex.size()));
  }
  for (size_t i = 0; i < sizeof bytes; ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError(absl::StrCat("\"", Absl(hex), "\" is not a digest: not only hex digits"));
    }
    bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  Digest digest;
  std::memcpy(&digest, bytes, sizeof digest);
  return digest;
}

std::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace datong::base
