// SPDX-License-Identifier: Apache-2.0
// Every code that is made is valid by the rules of GB 32100 and GB 11714 as the catalog checks them, and no two are
// alike.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "connectors/generator/valid_codes.h"
#include "exchange_core/catalog/social_credit_code.h"

namespace datong::generator {
namespace {

TEST_CASE("the published example has the published check characters") {
  CHECK(SocialCreditCheckCharacter("91350100M000100Y4") == '3');
  CHECK(OrganisationCheckCharacter("M000100Y") == '4');
}

TEST_CASE("a sum that is a multiple of 31 gives the check character 0") {
  int zeros = 0;
  for (uint64_t number = 0; number < 2000; ++number) zeros += MakeSocialCreditCode("110101", number).back() == '0';
  CHECK(zeros > 0);
}

TEST_CASE("codes are valid and differ") {
  std::set<std::string> seen;
  auto check = [&seen](uint64_t number) {
    const std::string code = MakeSocialCreditCode("350100", number);
    const auto problem = catalog::SocialCreditCodeProblem(code);
    INFO(code << ": " << problem.value_or(""));
    CHECK_FALSE(problem.has_value());
    CHECK(seen.insert(code).second);
  };
  for (uint64_t number = 0; number < 20'000; ++number) check(number);
  for (uint64_t number = kSocialCreditCodesMax - 20'000; number < kSocialCreditCodesMax; ++number) check(number);
}

}  // namespace
}  // namespace datong::generator
