// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Integers in stored bytes: little-endian, varints as in Protocol Buffers. Readers never pass the end of their input.
namespace datong::base {

static_assert(std::endian::native == std::endian::little, "stored bytes are little-endian; so must the machine be");

template <typename T>
void PutFixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

inline void PutBytes(std::string& out, std::string_view bytes) {  // varint length, then the bytes
  PutVarint(out, bytes.size());
  out.append(bytes);
}

// Reads from the front of a view. After the first failure every call fails; check ok() once at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view input) : rest_(input) {}

  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

  template <typename T>
  T Fixed() {
    T value{};
    if (rest_.size() < sizeof value) return Fail(), value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail(), 0;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) return Fail(), 0;
        return value;
      }
    }
    return Fail(), 0;
  }

  std::string_view Take(uint64_t size) {
    if (rest_.size() < size) return Fail(), std::string_view();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view Bytes() { return Take(Varint()); }

 private:
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace datong::base
