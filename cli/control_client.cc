// SPDX-License-Identifier: Apache-2.0
#include "cli/control_client.h"

#include <string>

#include "cli/control_protocol.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

constexpr size_t kAnswerLineBytesMax = size_t{64} << 20;  // a quarantined row may be large
constexpr int kCancelCheckMs = 200;

absl::Status HolderEnded(std::string why) {
  return admin::ToStatus({.code = admin::Code::kHolderEnded,
                          .what = "the process that holds the exchange ended before its answer was complete",
                          .why = std::move(why),
                          .next = "repeat the command: what was begun goes on where it stopped"});
}

}  // namespace

absl::StatusOr<admin::Json> AskHolder(const Socket& socket, const admin::Request& request, admin::Responder& to) {
  if (const absl::Status sent = SendAll(socket, RequestLine(request)); !sent.ok()) return HolderEnded("");
  LineReader reader(socket);
  std::string line;
  while (true) {
    if (to.cancelled()) return absl::CancelledError("interrupted");
    ASSIGN_OR_RETURN(const LineReader::Got got, reader.Next(line, kAnswerLineBytesMax, kCancelCheckMs));
    if (got == LineReader::Got::kClosed) return HolderEnded("");
    if (got == LineReader::Got::kNothingYet) {
      to.Pause(0);  // shows what came so far
      continue;
    }
    admin::Json answer = admin::Json::parse(line, nullptr, false);
    if (!answer.is_object() || answer.empty()) return HolderEnded("it answered with something that is no answer");
    const std::string& kind = answer.begin().key();
    if (kind == "row") {
      to.Row(answer.begin().value());
    } else if (kind == "progress") {
      to.Progress(answer.begin().value());
    } else if (kind == "result") {
      return std::move(answer.begin().value());
    } else if (kind == "error") {
      return admin::ToStatus(admin::ProblemFromJson(answer.begin().value()));
    }
  }
}

}  // namespace datong::cli
