// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/social_credit_code.h"

#include <array>

namespace datong::catalog {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";  // no I, O, S, V, Z
constexpr size_t kLength = 18;
constexpr size_t kOrganisationBegin = 8;  // characters 9 to 17

char CheckCharacter(std::string_view code) {
  unsigned sum = 0, weight = 1;
  for (size_t i = 0; i + 1 < kLength; ++i) {
    sum += static_cast<unsigned>(kAlphabet.find(code[i])) * weight;
    weight = weight * 3 % 31;
  }
  // The outer remainder matters where the sum is a multiple of 31: the check value is 0, not 31.
  return kAlphabet[(31 - sum % 31) % 31];
}

// GB 11714 counts letters on from 10 without leaving any out, and writes 10 as X.
char OrganisationCheckCharacter(std::string_view organisation) {
  constexpr std::array<unsigned, 8> kWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  unsigned sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) {
    const char c = organisation[i];
    sum += kWeights[i] * static_cast<unsigned>(c <= '9' ? c - '0' : c - 'A' + 10);
  }
  const unsigned value = 11 - sum % 11;
  return value == 10 ? 'X' : value == 11 ? '0' : static_cast<char>('0' + value);
}

}  // namespace

std::optional<std::string> SocialCreditCodeProblem(std::string_view code) {
  for (size_t i = 0; i < code.size(); ++i) {
    if (kAlphabet.find(code[i]) != std::string_view::npos) continue;
    if (code[i] >= 'a' && code[i] <= 'z') return "letters are written in upper case";
    return "character " + std::to_string(i + 1) + " is none of " + std::string(kAlphabet);
  }
  if (code.size() != kLength) return "it has " + std::to_string(code.size()) + " characters, not 18";
  const char organisation_check = OrganisationCheckCharacter(code.substr(kOrganisationBegin));
  if (code[16] != organisation_check) {
    return std::string("the organisation code in characters 9 to 17 should end in ") + organisation_check;
  }
  const char check = CheckCharacter(code);
  if (code[17] != check) return std::string("the last character should be ") + check;
  return std::nullopt;
}

}  // namespace datong::catalog
