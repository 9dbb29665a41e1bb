// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/csv_scanner.h"

#include <bit>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace datong::file {
namespace {

// Bytes of the GBK or GB18030 character that begins with a byte of 0x81 and above, seen with the byte after it.
int WideBytes(uint8_t second) {
  if (second >= 0x30 && second <= 0x39) return 4;
  return second >= 0x40 ? 2 : 1;
}

// The first `byte`, CR or LF; `end` if there is none.
const char* ByteOrLineEnd(const char* p, const char* end, char byte) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte), returns = _mm_set1_epi8('\r'), feeds = _mm_set1_epi8('\n');
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, wanted),
                                      _mm_or_si128(_mm_cmpeq_epi8(bytes, returns), _mm_cmpeq_epi8(bytes, feeds)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(ends));
    if (found != 0) return p + std::countr_zero(found);
  }
#endif
  while (p < end && *p != byte && *p != '\r' && *p != '\n') ++p;
  return p;
}

// Whether the byte behind `text` may belong to a character of four bytes that begins in it.
bool MayHoldNext(std::string_view text) {
  const auto begins_at = [text](size_t from_end) {
    if (text.size() < from_end) return false;
    const auto first = static_cast<uint8_t>(text[text.size() - from_end]);
    return first > 0x80 && WideBytes(static_cast<uint8_t>(text[text.size() - from_end + 1])) == 4;
  };
  return begins_at(2) || begins_at(3);
}

}  // namespace

CsvScanner::CsvScanner(char delimiter, char quote, bool wide)
    : delimiter_(delimiter), quote_(quote == '\0' ? -1 : static_cast<uint8_t>(quote)), wide_(wide) {
  ends_plain_[static_cast<uint8_t>(delimiter)] = true;
  ends_plain_['\r'] = ends_plain_['\n'] = true;
}

const char* CsvScanner::PlainEnd(const char* p, const char* end) const {
  if (!wide_) return ByteOrLineEnd(p, end, delimiter_);
  while (p < end && !ends_plain_[static_cast<uint8_t>(*p)]) {
    if (static_cast<uint8_t>(*p) > 0x80 && p + 1 < end) {
      const int bytes = WideBytes(static_cast<uint8_t>(p[1]));
      p = end - p < bytes ? end : p + bytes;
    } else {
      ++p;
    }
  }
  return p;
}

CsvScanner::Found CsvScanner::Next(std::string_view text, bool at_end) {
  fields_.clear();
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p == end) return at_end ? Found::kEnd : Found::kNeedMore;
  for (;;) {
    Field& field = fields_.emplace_back();
    if (p < end && static_cast<uint8_t>(*p) == quote_) {
      field.quoted = true;
      field.begin = ++p;
      for (;; p += 2, field.doubled = true) {
        p = p == end ? nullptr : static_cast<const char*>(std::memchr(p, quote_, static_cast<size_t>(end - p)));
        if (p == nullptr) return at_end ? Found::kOpenQuote : Found::kNeedMore;
        if (p + 1 == end || static_cast<uint8_t>(p[1]) != quote_) break;
      }
      if (p + 1 == end && !at_end) return Found::kNeedMore;
      field.size = static_cast<size_t>(p - field.begin);
      const char* const tail = ++p;
      p = PlainEnd(p, end);
      field.tail = {tail, static_cast<size_t>(p - tail)};
    } else {
      field.begin = p;
      p = PlainEnd(p, end);
      field.size = static_cast<size_t>(p - field.begin);
    }
    if (p == end) {
      if (!at_end) return Found::kNeedMore;
      record_size_ = size_ = text.size();
      return Found::kRecord;
    }
    if (*p != delimiter_) break;
    ++p;
  }
  return EndAtLineEnd(text, p, at_end);
}

CsvScanner::Found CsvScanner::EndAtLineEnd(std::string_view text, const char* line_end, bool at_end) {
  const char* const end = text.data() + text.size();
  record_size_ = static_cast<size_t>(line_end - text.data());
  if (*line_end == '\r') {
    if (line_end + 1 == end && !at_end) return Found::kNeedMore;
    if (line_end + 1 < end && line_end[1] == '\n') ++line_end;
  }
  size_ = static_cast<size_t>(line_end + 1 - text.data());
  return record_size_ == 0 ? Found::kBlankLine : Found::kRecord;
}

// Before the first quote every line end ends a record - but where Next goes by whole characters, and this one may be a
// wrong third or fourth byte of one.
CsvScanner::Found CsvScanner::NextUnsplit(std::string_view text, bool at_end) {
  const char* const end = text.data() + text.size();
  const char* const p = ByteOrLineEnd(text.data(), end, quote_ < 0 ? '\n' : static_cast<char>(quote_));
  if (p == end || (*p != '\r' && *p != '\n')) return Next(text, at_end);
  if (wide_ && MayHoldNext(text.substr(0, static_cast<size_t>(p - text.data())))) return Next(text, at_end);
  fields_.clear();
  return EndAtLineEnd(text, p, at_end);
}

std::string_view CsvScanner::Value(const Field& field, std::string& scratch) const {
  const std::string_view inner(field.begin, field.size);
  if (!field.doubled && field.tail.empty()) return inner;
  scratch.clear();
  size_t copied = 0;
  for (size_t at; field.doubled && (at = inner.find(static_cast<char>(quote_), copied)) != std::string_view::npos;) {
    scratch.append(inner, copied, at + 1 - copied);
    copied = at + 2;
  }
  scratch.append(inner, copied);
  scratch.append(field.tail);
  return scratch;
}

size_t CsvScanner::SkipSome(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (skip_bytes_ == -1) {  // the second byte of a wide character says how long it is
      skip_bytes_ = WideBytes(byte) - 1;
    }
    if (skip_bytes_ > 0) {
      --skip_bytes_;
      continue;
    }
    switch (skip_) {
      case Skip::kAfterReturn:
        skip_ = Skip::kDone;
        return byte == '\n' ? i + 1 : i;
      case Skip::kQuoted:
        if (byte == quote_) skip_ = Skip::kAfterQuote;
        continue;
      case Skip::kAfterQuote:
        if (byte == quote_) {
          skip_ = Skip::kQuoted;
          continue;
        }
        break;
      case Skip::kFieldStart:
        if (byte == quote_) {
          skip_ = Skip::kQuoted;
          continue;
        }
        break;
      case Skip::kPlain:
        break;
      case Skip::kDone:
        return i;
    }
    skip_ = Skip::kPlain;
    if (text[i] == delimiter_) {
      skip_ = Skip::kFieldStart;
    } else if (byte == '\n') {
      skip_ = Skip::kDone;
      return i + 1;
    } else if (byte == '\r') {
      skip_ = Skip::kAfterReturn;
    } else if (wide_ && byte > 0x80) {
      skip_bytes_ = -1;
    }
  }
  return text.size();
}

}  // namespace datong::file
