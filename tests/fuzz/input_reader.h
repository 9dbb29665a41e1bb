// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace datong::fuzz {

// Takes choices from the front of an input; what is left is the thing under test. An input that is used up answers 0.
class InputReader {
 public:
  explicit InputReader(std::string_view input) : rest_(input) {}

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // One byte of length, then so many bytes (or what is left).
  std::string_view Piece() {
    const size_t length = Byte();
    const std::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(piece.size());
    return piece;
  }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace datong::fuzz
