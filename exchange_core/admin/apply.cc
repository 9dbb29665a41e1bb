// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {

// The text comes with the question: whoever answers may not see the asker's files.
absl::StatusOr<Json> AnswerApply(Question& question) {
  const std::string yaml = question.params.Required("yaml");
  const std::string applied_by = question.params.Text("applied_by");
  const bool dry_run = question.params.Flag("dry_run");
  RETURN_IF_ERROR(question.params.Check());
  ASSIGN_OR_RETURN(const catalog::PlannedChange planned, question.exchange.ApplyCatalog(yaml, applied_by, dry_run));
  return ApplySummary(planned, dry_run, question.exchange.catalog()->version(), question.out);
}

Json ApplySummary(const catalog::PlannedChange& planned, bool dry_run, uint64_t version, Responder& out) {
  for (const std::string& line : planned.summary) out.Row({{"change", line}});
  Json findings = Json::array();
  for (const catalog::Finding& finding : planned.findings) {
    findings.push_back({{"code", "DT-" + std::to_string(FindingCode(finding.code))},
                        {"finding", finding.code},
                        {"message", finding.message},
                        {"why", finding.why},
                        {"next", finding.next},
                        {"line", finding.line},
                        {"column", finding.column},
                        {"length", finding.length}});
  }
  const bool would_change = planned.findings.empty() && !planned.framed_change.empty();
  return {{"applied", would_change && !dry_run},
          {"changed", would_change},
          {"dry_run", dry_run},
          {"version", version},
          {"findings", findings}};
}

}  // namespace datong::admin
