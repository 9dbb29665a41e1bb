// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/changed_copy.h"

#include <algorithm>
#include <string_view>

namespace datong::fuzz {
namespace {

constexpr size_t kPartBytesMax = 64;

// Bytes that mean something to one decoder or another.
constexpr std::string_view kTelling("\0\x01\x7f\x80\xff\"',;:{}[]\\\n\r\t -#&*!|>", 27);

std::string_view Part(std::string_view of, base::RandomSource& random) {
  const size_t begin = random.Below(of.size() + 1);
  return of.substr(begin, random.Below(kPartBytesMax));
}

void ChangeOnce(const std::vector<std::string>& inputs, std::string& copy, base::RandomSource& random) {
  const size_t at = random.Below(copy.size() + 1);
  if (at < copy.size()) {
    switch (random.Below(8)) {
      case 0:
        copy[at] = static_cast<char>(random.Next());
        return;
      case 1:
        copy[at] = static_cast<char>(copy[at] ^ (1 << random.Below(8)));
        return;
      case 2:
        copy[at] = static_cast<char>(copy[at] + (random.Below(2) == 0 ? 1 : -1));
        return;
      case 3:
        copy[at] = kTelling[random.Below(kTelling.size())];
        return;
      case 4:
        copy.erase(at, 1 + random.Below(kPartBytesMax));
        return;
      case 5:
        copy.insert(at, std::string(Part(copy, random)));
        return;
      default:
        break;
    }
  }
  switch (random.Below(3)) {
    case 0:
      copy.insert(at, 1 + random.Below(4), kTelling[random.Below(kTelling.size())]);
      break;
    case 1:
      copy.insert(at, std::string(Part(inputs[random.Below(inputs.size())], random)));
      break;
    default:
      copy.insert(at, 1, static_cast<char>(random.Next()));
  }
}

}  // namespace

std::string ChangedCopy(const std::vector<std::string>& inputs, base::RandomSource& random) {
  std::string copy = inputs[random.Below(inputs.size())];
  for (uint64_t changes = 1 + random.Below(5); changes > 0; --changes) ChangeOnce(inputs, copy, random);
  if (random.Below(8) == 0) copy.resize(random.Below(copy.size() + 1));
  return copy;
}

}  // namespace datong::fuzz
