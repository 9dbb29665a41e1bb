// SPDX-License-Identifier: Apache-2.0
// Our digests are the published algorithms: SipHash-2-4-128 against the authors' vectors and against OpenSSL, SHA-256
// against the standard's examples.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/random.h"

namespace datong::base {
namespace {

Digest OpenSslSipHash(const DigestKey& key, std::string_view content) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  size_t size = sizeof(Digest);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  Digest digest;
  size_t written = 0;
  REQUIRE(EVP_MAC_init(context, key.secret.data(), key.secret.size(), params) == 1);
  REQUIRE(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(content.data()), content.size()) == 1);
  REQUIRE(EVP_MAC_final(context, reinterpret_cast<unsigned char*>(&digest), &written, sizeof digest) == 1);
  REQUIRE(written == sizeof digest);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  return digest;
}

DigestKey CountingKey() {
  DigestKey key{.id = 1};
  for (size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<uint8_t>(i);
  return key;
}

TEST_CASE("SipHash-2-4-128 gives the authors' vectors") {
  // Key 00..0f, message 00 01 02 .. of the given length.
  const std::pair<size_t, const char*> vectors[] = {
      {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
      {2, "8177228da4a45dc7fca38bdef60affe4"},  {3, "9c70b60c5267a94e5f33b6b02985ed51"},
      {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
  };
  for (const auto& [length, hex] : vectors) {
    std::string message;
    for (size_t i = 0; i < length; ++i) message.push_back(static_cast<char>(i));
    INFO("length " << length);
    CHECK(ToHex(KeyedDigest(CountingKey(), message)) == hex);
  }
}

TEST_CASE("SipHash-2-4-128 agrees with OpenSSL for every length and random keys") {
  const char* replay = std::getenv("DATONG_SEED");
  const uint64_t seed = replay != nullptr ? std::strtoull(replay, nullptr, 10) : SystemRandom().Next();
  INFO("DATONG_SEED=" << seed);
  SeededRandom random(seed);
  for (size_t length = 0; length < 600; ++length) {
    DigestKey key{.id = 1};
    for (auto& byte : key.secret) byte = static_cast<uint8_t>(random.Next());
    std::string message(length, '\0');
    for (auto& c : message) c = static_cast<char>(random.Next());
    INFO("length " << length);
    CHECK(KeyedDigest(key, message) == OpenSslSipHash(key, message));
  }
}

TEST_CASE("SHA-256 gives the standard's examples, at once and in pieces") {
  CHECK(ToHex(Sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(ToHex(Sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("");
  stream.Update("bc");
  CHECK(stream.Finish() == Sha256("abc"));
  CHECK(AsBytes(Sha256("abc")).size() == 32);
}

TEST_CASE("a digest survives being written as hex, and what is no digest is refused") {
  const Digest digest = KeyedDigest(CountingKey(), "company");
  CHECK(DigestFromHex(ToHex(digest)).value() == digest);
  CHECK(DigestFromHex("A3817F04BA25A8E66DF67214C7550293").value() == KeyedDigest(CountingKey(), ""));
  CHECK(absl::IsInvalidArgument(DigestFromHex("a3").status()));
  CHECK(absl::IsInvalidArgument(DigestFromHex("g3817f04ba25a8e66df67214c7550293").status()));
}

}  // namespace
}  // namespace datong::base
