// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "exchange_core/admin/request.h"

namespace datong::admin {

// What kind of failure a code is: what a caller of the command line gets as exit code. docs/commands.md lists both.
enum class ProblemClass : int {
  kFailed = 1,
  kUsage = 2,
  kBadCatalog = 3,
  kUnreachable = 4,  // held by somebody who does not answer, or no exchange there
  kDenied = 5,
  kPartly = 6,
  kHeld = 7,   // a full dump waits for a person
  kTaken = 8,  // another process has taken the connector over: starting it again would take it back
};

// Every error code, once. Codes never change their meaning; a code that is no longer used stays reserved.
enum class Code : int {
  kUnknownCommand = 1001,
  kWrongArguments = 1002,
  kBadValue = 1003,
  kCatalogFileUnreadable = 2001,
  kCatalogFinding = 2100,  // findings have codes of their own above it: FindingCode()
  kNoSuchResource = 3001,
  kNoSuchSubscription = 3002,
  kKeyNotFound = 3003,
  kKeyDoesNotFit = 3004,
  kNoPresentState = 3005,
  kNoSuchQuarantinedRow = 3006,
  kNoSuchSnapshot = 3007,
  kBooksDoNotBalance = 3101,
  kIndexDiffers = 3102,
  kCopyDiffers = 3103,
  kHeldBySilentProcess = 4001,
  kNoExchangeHere = 4002,
  kDamaged = 4003,
  kOtherVersion = 4004,
  kNoSpace = 4005,
  kHolderEnded = 4006,
  kNotRunning = 4007,
  kHeldElsewhere = 4008,
  kClusterNotReached = 4009,
  kConnectorTaken = 4010,
  kMoveUnfinished = 4011,
  kNameTaken = 4012,
  kDenied = 5001,
  kNotAccepted = 5002,
  kNoAuthorizer = 5003,
  kSourceRefused = 6001,
  kSourceStopped = 6002,
  kImportRunning = 6003,
  kRowsQuarantined = 6004,
  kNotAllApplied = 6005,
  kUnitFailed = 6006,
  kSnapshotNotHeld = 6007,
  kSnapshotHeld = 6008,
  kConnectorStopped = 6009,
  kTopicsDiffer = 6101,
  kFailed = 9000,
  kInterrupted = 9001,
};

// An error as a person sees it, in five parts, and where there is one the line of text it is about.
struct Problem {
  Code code = Code::kFailed;
  std::string what;
  std::string where;   // file:line:column, a path, a lane; may be empty
  std::string why;     // may be empty
  std::string next;    // may be empty
  std::string detail;  // finer code, "unknown_key"; may be empty
  std::string line;    // source text, empty = none
  int column = 0;      // of the caret run, 1-based, in characters
  int length = 1;
};

std::string CodeText(Code code);               // "DT-4001"
std::string CodeText(const Problem& problem);  // catalog findings: the finding's own number
ProblemClass ClassOf(Code code);
// Number of a catalog finding ("unknown_key" -> 2101); 2100 for one that has none yet.
int FindingCode(const std::string& finding);
const std::vector<std::string>& FindingWords();  // in the order of their numbers, from 2101 on

// A problem travels as a status and comes out as it went in; any other status becomes the problem that its code
// suggests.
absl::Status ToStatus(const Problem& problem);
Problem FromStatus(const absl::Status& status);

// {"code","message","where","why","next"} and, where they are set, "detail", "line", "column", "length".
Json ToJson(const Problem& problem);
Problem ProblemFromJson(const Json& json);

}  // namespace datong::admin
