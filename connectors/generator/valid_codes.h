// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace datong::generator {

// How many different companies MakeSocialCreditCode can name.
inline constexpr uint64_t kSocialCreditCodesMax = 887'503'681;  // 31^6

// A valid unified social credit code (GB 32100-2015) of a company (91) registered in `region` (six digits). Characters
// 9 to 17 are a valid organisation code (GB 11714). Different `number`s below kSocialCreditCodesMax give different
// codes, and neighbouring ones do not look alike.
std::string MakeSocialCreditCode(std::string_view region, uint64_t number);

// The check character that belongs behind the first 17 characters / the first 8 characters. The characters must be of
// the standard's alphabet.
char SocialCreditCheckCharacter(std::string_view seventeen);
char OrganisationCheckCharacter(std::string_view eight);

}  // namespace datong::generator
