// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Between UTF-8 and what departments' files are written in. The tables are glibc's iconv: for GB18030 the 2005 edition
// with the changes of the installed glibc, for GBK CP936 (without the euro sign at 0x80).
namespace datong::file {

enum class Encoding : uint8_t { kUtf8, kGb18030, kGbk };

// "utf-8", "GB18030", "cp936", ...; nullopt when it is none of ours.
std::optional<Encoding> EncodingFromName(std::string_view name);
const char* EncodingName(Encoding encoding);

// One per reader; not thread-safe.
class TextDecoder {
 public:
  explicit TextDecoder(Encoding encoding);
  ~TextDecoder();
  TextDecoder(const TextDecoder&) = delete;
  TextDecoder& operator=(const TextDecoder&) = delete;

  Encoding encoding() const { return encoding_; }
  // Appends `text` as UTF-8. False when a byte sequence does not decode; `out` then ends in what came before it.
  bool Append(std::string_view text, std::string& out);

 private:
  struct Character {
    uint8_t size = 0;  // bytes of UTF-8; 0: no such character
    char utf8[4];
  };
  // By lead and trail byte: iconv once per character is too slow. Made once per encoding, as it takes milliseconds.
  static const std::vector<Character>& TwoByteCharacters(Encoding encoding);
  static std::vector<Character> ListTwoByteCharacters(void* iconv);

  const Encoding encoding_;
  void* iconv_ = nullptr;
  const Character* two_byte_ = nullptr;
};

// One per writer; not thread-safe.
class TextEncoder {
 public:
  explicit TextEncoder(Encoding encoding);
  ~TextEncoder();
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  // Appends UTF-8 text in the encoding. False, and `out` unchanged, when a character has no form in it or `text` is not
  // UTF-8.
  bool Append(std::string_view text, std::string& out);

 private:
  const Encoding encoding_;
  void* iconv_ = nullptr;
};

}  // namespace datong::file
