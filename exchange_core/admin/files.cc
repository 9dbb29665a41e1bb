// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {
namespace {

const char* StateText(node::RunBooks::State state) {
  switch (state) {
    case node::RunBooks::State::kReceiving:
      return "receiving";
    case node::RunBooks::State::kComplete:
      return "complete";
    case node::RunBooks::State::kFailed:
      return "failed";
    case node::RunBooks::State::kHeld:
      return "held";
  }
  return "unknown";
}

}  // namespace

Json FileRow(const node::RunBooks& run) {
  Json verdicts = Json::object();
  for (const auto& [verdict, records] : run.verdicts) verdicts[std::string(ledger::NameOf(verdict))] = records;
  Json subscribers = Json::array();
  for (const auto& one : run.subscribers) {
    subscribers.push_back({{"subscription", one.subscription}, {"delivered", one.delivered}, {"applied", one.applied}});
  }
  return {{"run", run.run},
          {"resource", run.resource},
          {"file", run.name},
          {"state", StateText(run.state)},
          {"seen_before", run.seen_before},
          {"rows", run.rows_published},
          {"decided", run.decided},
          {"verdicts", verdicts},
          {"generated_deletes", run.generated_deletes},
          {"subscribers", subscribers},
          {"failure", run.failure},
          {"begun", TimeJson(run.begun_time)},
          {"ended", TimeJson(run.ended_time)},
          {"source", run.source},
          {"file_sequence", run.file_sequence},
          {"bytes", run.bytes_total},
          {"sha256", run.identity}};
}

absl::StatusOr<Json> AnswerFiles(Question& question) {
  const std::string resource = question.params.Text("resource");
  RETURN_IF_ERROR(question.params.Check());
  if (!resource.empty()) {
    RETURN_IF_ERROR(ResourceNamed(*question.exchange.catalog(), resource).status());
  }
  uint64_t files = 0;
  for (const node::RunBooks& run : question.exchange.runs()) {
    if (!resource.empty() && run.resource != resource) continue;
    question.out.Row(FileRow(run));
    ++files;
  }
  return Json{{"files", files}};
}

}  // namespace datong::admin
