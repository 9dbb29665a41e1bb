// SPDX-License-Identifier: Apache-2.0
#include "connectors/generator/valid_codes.h"

#include <array>

#include "exchange_core/base/check.h"

namespace datong::generator {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";  // I, O, S, V and Z are left out

unsigned ValueOf(char c) {
  const size_t value = kAlphabet.find(c);
  DATONG_CHECK(value != std::string_view::npos);
  return static_cast<unsigned>(value);
}

}  // namespace

char SocialCreditCheckCharacter(std::string_view seventeen) {
  DATONG_CHECK(seventeen.size() == 17);
  unsigned sum = 0, weight = 1;
  for (char c : seventeen) {
    sum += ValueOf(c) * weight;
    weight = weight * 3 % 31;
  }
  // Without the outer remainder one code in 31 would want a character that does not exist.
  return kAlphabet[(31 - sum % 31) % 31];
}

char OrganisationCheckCharacter(std::string_view eight) {
  DATONG_CHECK(eight.size() == 8);
  constexpr std::array<unsigned, 8> kWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  unsigned sum = 0;
  for (size_t i = 0; i < eight.size(); ++i) {
    // This older standard leaves no letter out: A is 10, Z would be 35.
    const char c = eight[i];
    sum += kWeights[i] * static_cast<unsigned>(c <= '9' ? c - '0' : c - 'A' + 10);
  }
  const unsigned value = 11 - sum % 11;
  return value == 10 ? 'X' : value == 11 ? '0' : static_cast<char>('0' + value);
}

std::string MakeSocialCreditCode(std::string_view region, uint64_t number) {
  DATONG_CHECK(region.size() == 6 && number < kSocialCreditCodesMax);
  // Multiplying by a number that shares no divisor with 31 only changes the order of what there is.
  uint64_t scattered = number * 387'420'489 % kSocialCreditCodesMax;  // 3^18
  std::string organisation = "MA000000";
  for (size_t i = organisation.size(); i-- > 2;) {
    organisation[i] = kAlphabet[scattered % 31];
    scattered /= 31;
  }
  std::string code = "91";
  code += region;
  code += organisation;
  code += OrganisationCheckCharacter(organisation);
  code += SocialCreditCheckCharacter(code);
  return code;
}

}  // namespace datong::generator
