// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace datong::file {

// Finds the next record of a CSV text (RFC 4180; CRLF, LF or CR) and where its values lie. Works on undecoded bytes: in
// UTF-8, GBK and GB18030 no byte of a longer character is below 0x30, so quotes and line ends are never part of one;
// `wide` is for a delimiter of 0x30 and above in GBK and GB18030, which may be the second byte of one.
class CsvScanner {
 public:
  struct Field {
    const char* begin = nullptr;  // between the quotes, when quoted
    size_t size = 0;
    std::string_view tail;  // what stands behind a closing quote; belongs to the value
    bool quoted = false;
    bool doubled = false;  // holds doubled quotes
  };
  enum class Found {
    kRecord,
    kBlankLine,  // not a record
    kNeedMore,   // the record does not end within `text`
    kOpenQuote,  // the text ends inside quotes (only with `at_end`)
    kEnd,        // nothing left (only with `at_end`)
  };

  CsvScanner(char delimiter, char quote, bool wide);

  Found Next(std::string_view text, bool at_end);
  // Finds the same without splitting it, if that can be told from its end alone: fields() are empty then. A record that
  // no line end ends has its fields.
  Found NextUnsplit(std::string_view text, bool at_end);
  char delimiter() const { return delimiter_; }
  size_t size() const { return size_; }  // bytes of the record with its line end
  std::string_view record(std::string_view text) const { return text.substr(0, record_size_); }  // without it
  const std::vector<Field>& fields() const { return fields_; }                                   // views into `text`
  // The value of a field; doubled quotes are resolved in `scratch` where needed.
  std::string_view Value(const Field& field, std::string& scratch) const;

  // For a record too large to hold: swallows text until its end. Returns how much of `text` belongs to it; done() tells
  // when it is over. Begin with StartSkip at the first byte of the record.
  void StartSkip() {
    skip_ = Skip::kFieldStart;
    skip_bytes_ = 0;
  }
  size_t SkipSome(std::string_view text);
  bool done() const { return skip_ == Skip::kDone; }
  bool inside_quotes() const { return skip_ == Skip::kQuoted; }

 private:
  enum class Skip : uint8_t { kFieldStart, kPlain, kQuoted, kAfterQuote, kAfterReturn, kDone };
  const char* PlainEnd(const char* p, const char* end) const;
  Found EndAtLineEnd(std::string_view text, const char* line_end, bool at_end);

  const char delimiter_;
  const int quote_;  // -1: none
  const bool wide_;
  std::array<bool, 256> ends_plain_{};  // delimiter, CR, LF
  std::vector<Field> fields_;
  size_t size_ = 0;
  size_t record_size_ = 0;
  Skip skip_ = Skip::kDone;
  int skip_bytes_ = 0;  // of a character still to swallow
};

}  // namespace datong::file
