// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/text_encoding.h"

#include <iconv.h>

#include <cstring>

#include "exchange_core/base/check.h"
#include "exchange_core/base/utf8.h"

namespace datong::file {
namespace {

constexpr int kLeadFirst = 0x81, kLeadLast = 0xFE;
constexpr int kTrailFirst = 0x40, kTrailLast = 0xFE;
constexpr size_t kTrails = kTrailLast - kTrailFirst + 1;

bool IsLead(uint8_t byte) { return byte >= kLeadFirst && byte <= kLeadLast; }

// One conversion from a clean state; the number of bytes put into `out`, or 0.
size_t Convert(void* iconv_handle, std::string_view in, char* out, size_t out_size) {
  iconv_t handle = iconv_handle;
  iconv(handle, nullptr, nullptr, nullptr, nullptr);
  char* in_at = const_cast<char*>(in.data());
  size_t in_left = in.size();
  char* out_at = out;
  size_t out_left = out_size;
  if (iconv(handle, &in_at, &in_left, &out_at, &out_left) == static_cast<size_t>(-1) || in_left != 0) return 0;
  return out_size - out_left;
}

}  // namespace

std::optional<Encoding> EncodingFromName(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z')
      plain.push_back(static_cast<char>(c - 'A' + 'a'));
    else if (c != '-' && c != '_' && c != ' ')
      plain.push_back(c);
  }
  if (plain == "utf8" || plain.empty()) return Encoding::kUtf8;
  if (plain == "gb18030") return Encoding::kGb18030;
  if (plain == "gbk" || plain == "cp936" || plain == "gb2312") return Encoding::kGbk;
  return std::nullopt;
}

const char* EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8:
      return "UTF-8";
    case Encoding::kGb18030:
      return "GB18030";
    case Encoding::kGbk:
      return "GBK";
  }
  return "?";
}

std::vector<TextDecoder::Character> TextDecoder::ListTwoByteCharacters(void* iconv) {
  std::vector<Character> characters((kLeadLast - kLeadFirst + 1) * kTrails);
  for (int lead = kLeadFirst; lead <= kLeadLast; ++lead) {
    for (int trail = kTrailFirst; trail <= kTrailLast; ++trail) {
      const char pair[2] = {static_cast<char>(lead), static_cast<char>(trail)};
      Character& character =
          characters[static_cast<size_t>(lead - kLeadFirst) * kTrails + static_cast<size_t>(trail - kTrailFirst)];
      character.size = static_cast<uint8_t>(Convert(iconv, {pair, 2}, character.utf8, sizeof character.utf8));
    }
  }
  return characters;
}

const std::vector<TextDecoder::Character>& TextDecoder::TwoByteCharacters(Encoding encoding) {
  const auto list = [](Encoding of) {
    const iconv_t handle = iconv_open("UTF-8", EncodingName(of));
    DATONG_CHECK(handle != reinterpret_cast<iconv_t>(-1));
    auto* characters = new std::vector<Character>(ListTwoByteCharacters(handle));
    iconv_close(handle);
    return characters;
  };
  if (encoding == Encoding::kGbk) {
    static const auto& gbk = *list(Encoding::kGbk);
    return gbk;
  }
  static const auto& gb18030 = *list(Encoding::kGb18030);
  return gb18030;
}

TextDecoder::TextDecoder(Encoding encoding) : encoding_(encoding) {
  if (encoding == Encoding::kUtf8) return;
  iconv_ = iconv_open("UTF-8", EncodingName(encoding));
  DATONG_CHECK(iconv_ != reinterpret_cast<iconv_t>(-1));
  two_byte_ = TwoByteCharacters(encoding).data();
}

TextDecoder::~TextDecoder() {
  if (iconv_ != nullptr) iconv_close(iconv_);
}

bool TextDecoder::Append(std::string_view text, std::string& out) {
  if (encoding_ == Encoding::kUtf8) {
    if (!base::IsValidUtf8(text)) return false;
    out.append(text);
    return true;
  }
  while (!text.empty()) {
    if (const size_t ascii = base::AsciiPrefixBytes(text); ascii != 0) {
      out.append(text.substr(0, ascii));
      text.remove_prefix(ascii);
      continue;
    }
    const auto lead = static_cast<uint8_t>(text[0]);
    if (lead < 0x80) {
      out.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    if (!IsLead(lead) || text.size() < 2) return false;
    const auto trail = static_cast<uint8_t>(text[1]);
    if (trail >= kTrailFirst && trail <= kTrailLast) {
      const Character& character = two_byte_[static_cast<size_t>(lead - kLeadFirst) * kTrails + (trail - kTrailFirst)];
      if (character.size == 0) return false;
      out.append(character.utf8, character.size);
      text.remove_prefix(2);
      continue;
    }
    char utf8[8];
    const size_t size = text.size() < 4 ? 0 : Convert(iconv_, text.substr(0, 4), utf8, sizeof utf8);
    if (size == 0) return false;
    out.append(utf8, size);
    text.remove_prefix(4);
  }
  return true;
}

TextEncoder::TextEncoder(Encoding encoding) : encoding_(encoding) {
  if (encoding == Encoding::kUtf8) return;
  iconv_ = iconv_open(EncodingName(encoding), "UTF-8");
  DATONG_CHECK(iconv_ != reinterpret_cast<iconv_t>(-1));
}

TextEncoder::~TextEncoder() {
  if (iconv_ != nullptr) iconv_close(iconv_);
}

bool TextEncoder::Append(std::string_view text, std::string& out) {
  if (encoding_ == Encoding::kUtf8 || base::AsciiPrefixBytes(text) == text.size()) {
    if (!base::IsValidUtf8(text)) return false;
    out.append(text);
    return true;
  }
  const size_t before = out.size();
  out.resize(before + 4 * text.size());  // a character is at most 4 bytes in GB18030
  const size_t size = Convert(iconv_, text, out.data() + before, out.size() - before);
  out.resize(before + size);
  return size != 0;
}

}  // namespace datong::file
