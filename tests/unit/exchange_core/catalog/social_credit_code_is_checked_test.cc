// SPDX-License-Identifier: Apache-2.0
// Proves that the check of GB 32100-2015 accepts valid codes, those with check value 0 included, and refuses any one
// wrong character.
#include <catch2/catch.hpp>

#include "exchange_core/catalog/social_credit_code.h"

using datong::catalog::SocialCreditCodeProblem;

TEST_CASE("A valid code is accepted and its neighbour refused") {
  CHECK(!SocialCreditCodeProblem("91350100M000100Y43"));
  CHECK(SocialCreditCodeProblem("91350100M000100Y4Z"));
  CHECK(SocialCreditCodeProblem("91350100M000100Y44"));
  CHECK(SocialCreditCodeProblem("91350100m000100y43"));
  CHECK(SocialCreditCodeProblem("91350100M000100Y4"));
  CHECK(SocialCreditCodeProblem("91350100M000100Y433"));
  CHECK(SocialCreditCodeProblem(""));
}

TEST_CASE("Every single wrong character is noticed") {
  const std::string valid = "91350100M000100Y43";
  for (size_t at = 0; at < valid.size(); ++at) {
    for (const char c : std::string("0123456789ABCDEFGHJKLMNPQRTUWXY")) {
      if (c == valid[at]) continue;
      std::string wrong = valid;
      wrong[at] = c;
      INFO(wrong);
      CHECK(SocialCreditCodeProblem(wrong));
    }
  }
}

TEST_CASE("Each region has exactly one check character, and 0 is among them") {
  const std::string alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  bool zero_seen = false;
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      const std::string start = std::string("9135010") + a + "M000100Y4";
      std::string code = start;
      code[1] = b;
      int valid = 0;
      for (const char check : alphabet) {
        if (SocialCreditCodeProblem(code + check)) continue;
        ++valid;
        zero_seen |= check == '0';
      }
      CHECK(valid == 1);
    }
  }
  CHECK(zero_seen);
}
