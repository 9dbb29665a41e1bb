// SPDX-License-Identifier: Apache-2.0
// A problem is the same after it travelled as a status and as JSON; a status that never was a problem gets a fitting
// code.
#include <catch2/catch.hpp>
#include <set>

#include "exchange_core/admin/params.h"
#include "exchange_core/admin/problem.h"

namespace datong::admin {

TEST_CASE("as status, as JSON, and back") {
  const Problem problem{.code = Code::kCatalogFinding,
                        .what = "a \"what\"",
                        .where = "f:1:2",
                        .why = "y",
                        .next = "n",
                        .detail = "duplicate_key",
                        .line = "行",
                        .column = 2,
                        .length = 3};
  const Problem back = FromStatus(ToStatus(ProblemFromJson(Json::parse(ToLine(ToJson(problem))))));
  CHECK(ToLine(ToJson(back)) == ToLine(ToJson(problem)));
  CHECK(CodeText(back) == "DT-2102");
  CHECK(back.code == Code::kCatalogFinding);
  CHECK(absl::IsInvalidArgument(ToStatus(problem)));
}

TEST_CASE("any other status") {
  CHECK(FromStatus(absl::PermissionDeniedError("p")).code == Code::kDenied);
  CHECK(FromStatus(absl::DataLossError("p")).code == Code::kDamaged);
  CHECK(FromStatus(absl::ResourceExhaustedError("p")).code == Code::kNoSpace);
  CHECK(FromStatus(absl::CancelledError("p")).code == Code::kInterrupted);
  CHECK(FromStatus(absl::InternalError("p")).code == Code::kFailed);
  CHECK(FromStatus(absl::InternalError("p")).what == "p");
}

TEST_CASE("what a stranger sends as a problem") {
  CHECK(ProblemFromJson(Json::object()).code == Code::kFailed);
  CHECK(ProblemFromJson(Json::array()).code == Code::kFailed);
  CHECK(ProblemFromJson({{"code", "DT-99999"}, {"message", 7}}).code == Code::kFailed);
}

TEST_CASE("finding numbers are distinct and stay") {
  std::set<int> numbers;
  for (const std::string& word : FindingWords()) CHECK(numbers.insert(FindingCode(word)).second);
  CHECK(FindingCode("unknown_key") == 2101);
  CHECK(FindingCode("bad_social_credit_code") == 2118);
  CHECK(FindingCode("never heard of") == 2100);
}

TEST_CASE("parameters are taken strictly") {
  const Json json = {{"name", "n"}, {"flag", true}, {"count", 7u}, {"list", {"a", "b"}}, {"word", "now"}};
  Params good(json);
  CHECK(good.Required("name") == "n");
  CHECK(good.Flag("flag"));
  CHECK(good.Count("count", 0) == 7);
  CHECK(good.Texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(good.Choice("word", {"begin", "now"}) == "now");
  CHECK(good.Text("absent", "x") == "x");
  CHECK(good.Check().ok());

  Params unasked(json);
  CHECK_FALSE(unasked.Check().ok());
  const auto wrong = [](const Json& value, const auto& ask) {
    Params params(value);
    ask(params);
    return FromStatus(params.Check()).code == Code::kBadValue;
  };
  CHECK(wrong({{"a", 1}}, [](Params& p) { p.Required("a"); }));
  CHECK(wrong(Json::object(), [](Params& p) { p.Required("a"); }));
  CHECK(wrong({{"a", "yes"}}, [](Params& p) { p.Flag("a"); }));
  CHECK(wrong({{"a", -1}}, [](Params& p) { p.Count("a", 0); }));
  CHECK(wrong({{"a", {1}}}, [](Params& p) { p.Texts("a"); }));
  CHECK(wrong({{"a", "c"}}, [](Params& p) { p.Choice("a", {"b"}); }));
  CHECK(wrong(Json::array(), [](Params&) {}));
}

}  // namespace datong::admin
