// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/problem.h"

#include <algorithm>
#include <array>

#include "exchange_core/base/absl_view.h"

namespace datong::admin {
namespace {

constexpr char kPayload[] = "datong/problem";

struct CodeRow {
  Code code;
  ProblemClass kind;
  absl::StatusCode status;
};

constexpr std::array kCodes = {
    CodeRow{Code::kUnknownCommand, ProblemClass::kUsage, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kWrongArguments, ProblemClass::kUsage, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kBadValue, ProblemClass::kUsage, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kCatalogFileUnreadable, ProblemClass::kBadCatalog, absl::StatusCode::kNotFound},
    CodeRow{Code::kCatalogFinding, ProblemClass::kBadCatalog, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kNoSuchResource, ProblemClass::kFailed, absl::StatusCode::kNotFound},
    CodeRow{Code::kNoSuchSubscription, ProblemClass::kFailed, absl::StatusCode::kNotFound},
    CodeRow{Code::kKeyNotFound, ProblemClass::kFailed, absl::StatusCode::kNotFound},
    CodeRow{Code::kKeyDoesNotFit, ProblemClass::kUsage, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kNoPresentState, ProblemClass::kFailed, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kNoSuchQuarantinedRow, ProblemClass::kFailed, absl::StatusCode::kNotFound},
    CodeRow{Code::kNoSuchSnapshot, ProblemClass::kFailed, absl::StatusCode::kNotFound},
    CodeRow{Code::kBooksDoNotBalance, ProblemClass::kFailed, absl::StatusCode::kDataLoss},
    CodeRow{Code::kIndexDiffers, ProblemClass::kFailed, absl::StatusCode::kDataLoss},
    CodeRow{Code::kCopyDiffers, ProblemClass::kFailed, absl::StatusCode::kDataLoss},
    CodeRow{Code::kHeldBySilentProcess, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kNoExchangeHere, ProblemClass::kUnreachable, absl::StatusCode::kNotFound},
    CodeRow{Code::kDamaged, ProblemClass::kFailed, absl::StatusCode::kDataLoss},
    CodeRow{Code::kOtherVersion, ProblemClass::kUnreachable, absl::StatusCode::kUnimplemented},
    CodeRow{Code::kNoSpace, ProblemClass::kFailed, absl::StatusCode::kResourceExhausted},
    CodeRow{Code::kHolderEnded, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kNotRunning, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kHeldElsewhere, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kClusterNotReached, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kConnectorTaken, ProblemClass::kTaken, absl::StatusCode::kAborted},
    CodeRow{Code::kMoveUnfinished, ProblemClass::kUnreachable, absl::StatusCode::kUnavailable},
    CodeRow{Code::kNameTaken, ProblemClass::kFailed, absl::StatusCode::kAlreadyExists},
    CodeRow{Code::kDenied, ProblemClass::kDenied, absl::StatusCode::kPermissionDenied},
    CodeRow{Code::kNotAccepted, ProblemClass::kDenied, absl::StatusCode::kUnauthenticated},
    CodeRow{Code::kNoAuthorizer, ProblemClass::kDenied, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kSourceRefused, ProblemClass::kFailed, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kSourceStopped, ProblemClass::kFailed, absl::StatusCode::kUnavailable},
    CodeRow{Code::kImportRunning, ProblemClass::kFailed, absl::StatusCode::kAlreadyExists},
    CodeRow{Code::kRowsQuarantined, ProblemClass::kPartly, absl::StatusCode::kInvalidArgument},
    CodeRow{Code::kNotAllApplied, ProblemClass::kPartly, absl::StatusCode::kUnavailable},
    CodeRow{Code::kUnitFailed, ProblemClass::kPartly, absl::StatusCode::kDataLoss},
    CodeRow{Code::kSnapshotNotHeld, ProblemClass::kFailed, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kSnapshotHeld, ProblemClass::kHeld, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kConnectorStopped, ProblemClass::kFailed, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kTopicsDiffer, ProblemClass::kPartly, absl::StatusCode::kFailedPrecondition},
    CodeRow{Code::kFailed, ProblemClass::kFailed, absl::StatusCode::kUnknown},
    CodeRow{Code::kInterrupted, ProblemClass::kFailed, absl::StatusCode::kCancelled},
};

const CodeRow& RowOf(Code code) {
  const auto row = std::find_if(kCodes.begin(), kCodes.end(), [code](const CodeRow& one) { return one.code == code; });
  return row == kCodes.end() ? RowOf(Code::kFailed) : *row;
}

// What a status without a problem of its own is about.
Code CodeOf(absl::StatusCode status) {
  switch (status) {
    case absl::StatusCode::kPermissionDenied:
      return Code::kDenied;
    case absl::StatusCode::kDataLoss:
      return Code::kDamaged;
    case absl::StatusCode::kUnimplemented:
      return Code::kOtherVersion;
    case absl::StatusCode::kResourceExhausted:
      return Code::kNoSpace;
    case absl::StatusCode::kCancelled:
      return Code::kInterrupted;
    default:
      return Code::kFailed;
  }
}

std::string NumberText(int number) { return "DT-" + std::to_string(number); }

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int NumberOf(const Json& json, const char* name, int otherwise) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<int>() : otherwise;
}

}  // namespace

const std::vector<std::string>& FindingWords() {
  // Appended to, never reordered: the place is the number.
  static const auto* const words =
      new std::vector<std::string>{"unknown_key",     "duplicate_key",          "missing_key",     "wrong_type",
                                   "bad_value",       "duplicate_name",         "duplicate_field", "unknown_reference",
                                   "in_use",          "breaking_change",        "yaml_syntax",     "unsupported_yaml",
                                   "tab_indentation", "control_character",      "not_utf8",        "empty_document",
                                   "too_large",       "bad_social_credit_code", "retired",         "revoked"};
  return *words;
}

int FindingCode(const std::string& finding) {
  const std::vector<std::string>& words = FindingWords();
  const auto found = std::find(words.begin(), words.end(), finding);
  const int base = static_cast<int>(Code::kCatalogFinding);
  return found == words.end() ? base : base + 1 + static_cast<int>(found - words.begin());
}

std::string CodeText(Code code) { return NumberText(static_cast<int>(code)); }

std::string CodeText(const Problem& problem) {
  return problem.code == Code::kCatalogFinding ? NumberText(FindingCode(problem.detail)) : CodeText(problem.code);
}

ProblemClass ClassOf(Code code) { return RowOf(code).kind; }

absl::Status ToStatus(const Problem& problem) {
  std::string message = problem.what;
  if (!problem.where.empty()) message = problem.where + ": " + message;
  if (!problem.why.empty()) message += " (" + problem.why + ")";
  absl::Status status(RowOf(problem.code).status, message);
  status.SetPayload(kPayload, absl::Cord(ToLine(ToJson(problem))));
  return status;
}

Problem FromStatus(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kPayload)) {
    const Json json = Json::parse(std::string(*payload), nullptr, false);
    if (json.is_object()) return ProblemFromJson(json);
  }
  Problem problem;
  problem.code = CodeOf(status.code());
  problem.what = std::string(base::Std(status.message()));
  if (problem.what.empty()) problem.what = absl::StatusCodeToString(status.code());
  return problem;
}

Json ToJson(const Problem& problem) {
  Json json = {{"code", CodeText(problem)},
               {"message", problem.what},
               {"where", problem.where},
               {"why", problem.why},
               {"next", problem.next}};
  if (!problem.detail.empty()) json["detail"] = problem.detail;
  if (!problem.line.empty()) {
    json["line"] = problem.line;
    json["column"] = problem.column;
    json["length"] = problem.length;
  }
  return json;
}

Problem ProblemFromJson(const Json& json) {
  Problem problem;
  const std::string code = TextOf(json, "code");
  const int number = code.size() > 3 ? std::atoi(code.c_str() + 3) : 0;
  const bool finding =
      number >= static_cast<int>(Code::kCatalogFinding) && number < static_cast<int>(Code::kCatalogFinding) + 100;
  problem.code = finding ? Code::kCatalogFinding : RowOf(static_cast<Code>(number)).code;
  problem.what = TextOf(json, "message");
  problem.where = TextOf(json, "where");
  problem.why = TextOf(json, "why");
  problem.next = TextOf(json, "next");
  problem.detail = TextOf(json, "detail");
  problem.line = TextOf(json, "line");
  problem.column = NumberOf(json, "column", 0);
  problem.length = NumberOf(json, "length", 1);
  return problem;
}

}  // namespace datong::admin
