// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/json_line.h"

namespace datong::file {
namespace {

constexpr int kDepthMax = 200;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(uint32_t code, std::string& out) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool JsonLine::Fail(const char* what) {
  problem_ = std::string(what) + " at byte " + std::to_string(at_ + 1);
  return false;
}

void JsonLine::SkipBlanks() {
  while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r' || line_[at_] == '\n'))
    ++at_;
}

bool JsonLine::Take(char c) {
  if (at_ >= line_.size() || line_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonLine::Parse(std::string_view line) {
  line_ = line;
  at_ = 0;
  arena_.clear();
  arena_.reserve(line.size());
  members_.clear();
  SkipBlanks();
  if (!Take('{')) return Fail("no JSON object");
  SkipBlanks();
  if (!Take('}')) {
    do {
      SkipBlanks();
      Member& member = members_.emplace_back();
      if (!TakeString(member.name)) return false;
      SkipBlanks();
      if (!Take(':')) return Fail("a colon is missing");
      SkipBlanks();
      if (!TakeValue(member)) return false;
      SkipBlanks();
    } while (Take(','));
    if (!Take('}')) return Fail("a comma or } is missing");
  }
  SkipBlanks();
  return at_ == line_.size() || Fail("something follows the object");
}

bool JsonLine::TakeValue(Member& member) {
  if (at_ >= line_.size()) return Fail("a value is missing");
  const size_t begin = at_;
  switch (line_[at_]) {
    case '"':
      return TakeString(member.text);
    case '{':
    case '[': {
      const size_t arena_begin = arena_.size();
      if (!CopyNested(1)) return false;
      member.text = std::string_view(arena_).substr(arena_begin);
      return true;
    }
    case 't':
      if (!TakeWord("true")) return false;
      break;
    case 'f':
      if (!TakeWord("false")) return false;
      break;
    case 'n':
      member.is_null = true;
      return TakeWord("null");
    default:
      if (!TakeNumber()) return false;
  }
  member.text = line_.substr(begin, at_ - begin);
  return true;
}

bool JsonLine::TakeString(std::string_view& text) {
  if (!Take('"')) return Fail("a string is missing");
  const size_t begin = at_, arena_begin = arena_.size();
  bool escaped = false;
  size_t copied = at_;
  for (; at_ < line_.size(); ++at_) {
    const char c = line_[at_];
    if (c == '"') {
      if (escaped) {
        arena_.append(line_, copied, at_ - copied);
        text = std::string_view(arena_).substr(arena_begin);
      } else {
        text = line_.substr(begin, at_ - begin);
      }
      ++at_;
      return true;
    }
    if (static_cast<uint8_t>(c) < 0x20) return Fail("a control character stands in a string");
    if (c == '\\') {
      escaped = true;
      arena_.append(line_, copied, at_ - copied);
      ++at_;
      if (!TakeEscape()) return false;
      copied = at_--;
    }
  }
  return Fail("a string does not end");
}

bool JsonLine::TakeHex4(uint32_t& value) {
  value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < line_.size() ? line_[at_] : '\0';
    uint32_t digit;
    if (IsDigit(c))
      digit = static_cast<uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<uint32_t>(c - 'A' + 10);
    else
      return Fail("four hexadecimal digits are missing");
    value = value << 4 | digit;
  }
  return true;
}

bool JsonLine::TakeEscape() {
  const char c = at_ < line_.size() ? line_[at_++] : '\0';
  switch (c) {
    case '"':
    case '\\':
    case '/':
      arena_.push_back(c);
      return true;
    case 'b':
      arena_.push_back('\b');
      return true;
    case 'f':
      arena_.push_back('\f');
      return true;
    case 'n':
      arena_.push_back('\n');
      return true;
    case 'r':
      arena_.push_back('\r');
      return true;
    case 't':
      arena_.push_back('\t');
      return true;
    case 'u':
      break;
    default:
      return Fail("an unknown escape");
  }
  uint32_t code, low;
  if (!TakeHex4(code)) return false;
  if (code >= 0xDC00 && code <= 0xDFFF) return Fail("half a surrogate pair");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (!Take('\\') || !Take('u')) return Fail("half a surrogate pair");
    if (!TakeHex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return Fail("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(code, arena_);
  return true;
}

bool JsonLine::TakeNumber() {
  const auto digits = [this] {
    const size_t begin = at_;
    while (at_ < line_.size() && IsDigit(line_[at_])) ++at_;
    return at_ != begin;
  };
  Take('-');
  if (!Take('0') && !digits()) return Fail("no JSON value");
  if (Take('.') && !digits()) return Fail("digits are missing");
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    if (!digits()) return Fail("digits are missing");
  }
  return true;
}

bool JsonLine::TakeWord(std::string_view word) {
  if (line_.substr(at_, word.size()) != word) return Fail("no JSON value");
  at_ += word.size();
  return true;
}

bool JsonLine::CopyNested(int depth) {
  if (depth > kDepthMax) return Fail("nested too deeply");
  const bool object = line_[at_++] == '{';
  const char close = object ? '}' : ']';
  arena_.push_back(object ? '{' : '[');
  SkipBlanks();
  if (!Take(close)) {
    for (bool first = true; first || Take(','); first = false) {
      if (!first) arena_.push_back(',');
      SkipBlanks();
      if (object) {
        if (at_ >= line_.size() || line_[at_] != '"') return Fail("a string is missing");
        if (!CopyValue(depth)) return false;
        SkipBlanks();
        if (!Take(':')) return Fail("a colon is missing");
        arena_.push_back(':');
        SkipBlanks();
      }
      if (!CopyValue(depth)) return false;
      SkipBlanks();
    }
    if (!Take(close)) return Fail("a comma or closing bracket is missing");
  }
  arena_.push_back(close);
  return true;
}

bool JsonLine::CopyValue(int depth) {
  if (at_ >= line_.size()) return Fail("a value is missing");
  const size_t begin = at_;
  switch (line_[at_]) {
    case '{':
    case '[':
      return CopyNested(depth + 1);
    case '"': {
      // Checked as a string, kept as it is written: what TakeString may have decoded is taken back.
      const size_t arena_size = arena_.size();
      std::string_view decoded;
      if (!TakeString(decoded)) return false;
      arena_.resize(arena_size);
      break;
    }
    case 't':
      if (!TakeWord("true")) return false;
      break;
    case 'f':
      if (!TakeWord("false")) return false;
      break;
    case 'n':
      if (!TakeWord("null")) return false;
      break;
    default:
      if (!TakeNumber()) return false;
  }
  arena_.append(line_, begin, at_ - begin);
  return true;
}

}  // namespace datong::file
