// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace datong::file {

// One JSON object (RFC 8259) as names and texts: strings decoded, numbers as they are written, true and false as words,
// arrays and objects as compact JSON. Reused from line to line without allocation. Not thread-safe.
class JsonLine {
 public:
  struct Member {
    std::string_view name;
    std::string_view text;
    bool is_null = false;
  };

  // `line` must be UTF-8; members point into it and into this object, until the next Parse. False when it is no JSON
  // object.
  bool Parse(std::string_view line);
  const std::vector<Member>& members() const {
    return members_;
  }                                                        // a name met twice is here twice; the last one counts
  const std::string& problem() const { return problem_; }  // after false: what and at which byte

 private:
  bool Fail(const char* what);
  void SkipBlanks();
  bool Take(char c);
  bool TakeString(std::string_view& text);
  bool TakeEscape();
  bool TakeHex4(uint32_t& value);
  bool TakeNumber();
  bool TakeWord(std::string_view word);
  bool TakeValue(Member& member);
  bool CopyNested(int depth);
  bool CopyValue(int depth);

  std::string_view line_;
  size_t at_ = 0;
  std::string arena_;  // never grows during a line: nothing decoded is longer than it was written
  std::vector<Member> members_;
  std::string problem_;
};

}  // namespace datong::file
