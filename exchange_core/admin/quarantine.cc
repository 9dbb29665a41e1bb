// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>

#include <deque>
#include <map>
#include <utility>

#include "exchange_core/admin/quarantine_walk.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/printable.h"

namespace datong::admin {
namespace {

constexpr uint64_t kRowsListed = 20;
constexpr size_t kTextBytesMax = size_t{64} << 10;

Json ShortRow(const QuarantinedRow& row) {
  return {{"id", row.id},
          {"resource", row.resource},
          {"reason", row.reason},
          {"file", row.file},
          {"row", row.row},
          {"detail", row.detail},
          {"quarantined", TimeJson(row.time)}};
}

Json FullRow(const QuarantinedRow& row) {
  Json json = ShortRow(row);
  json["run"] = row.run;
  json["lane"] = row.lane;
  json["ledger_sequence"] = row.ledger_sequence;
  json["original"] = row.original;
  json["cut"] = row.cut;
  json["bytes"] = row.raw.size();
  json["raw"] = record::Printable(row.raw, kTextBytesMax);
  json["raw_base64"] = absl::Base64Escape(base::Absl(row.raw));
  return json;
}

}  // namespace

absl::StatusOr<Json> AnswerQuarantineList(Question& question) {
  const std::string resource = question.params.Text("resource");
  const uint64_t limit = question.params.Count("limit", kRowsListed);
  RETURN_IF_ERROR(question.params.Check());
  if (!resource.empty()) RETURN_IF_ERROR(ResourceNamed(*question.exchange.catalog(), resource).status());

  std::map<std::pair<std::string, std::string>, uint64_t> counts;
  std::deque<Json> recent;
  uint64_t rows = 0;
  RETURN_IF_ERROR(WalkQuarantine(question.exchange, resource, [&](const QuarantinedRow& row) {
    ++rows;
    ++counts[{row.resource, row.reason}];
    if (limit > 0) recent.push_back(ShortRow(row));
    if (recent.size() > limit) recent.pop_front();
    return !question.out.cancelled();
  }));
  for (const auto& [what, count] : counts) {
    question.out.Row({{"kind", "count"}, {"resource", what.first}, {"reason", what.second}, {"rows", count}});
  }
  for (Json& row : recent) {
    Json listed = {{"kind", "row"}};
    listed.update(row);
    question.out.Row(listed);
  }
  return Json{{"rows", rows}, {"listed", recent.size()}};
}

absl::StatusOr<Json> AnswerQuarantineShow(Question& question) {
  const std::string id = question.params.Required("id");
  RETURN_IF_ERROR(question.params.Check());
  bool found = false;
  RETURN_IF_ERROR(WalkQuarantine(question.exchange, "", [&](const QuarantinedRow& row) {
    found = row.id == id;
    if (found) question.out.Row(FullRow(row));
    return !found && !question.out.cancelled();
  }));
  if (found) return Json::object();
  return ToStatus({.code = Code::kNoSuchQuarantinedRow,
                   .what = "there is no quarantined row '" + id + "'",
                   .next = "`datong quarantine list --limit 0` counts them; ids are in the list"});
}

absl::StatusOr<Json> AnswerQuarantineExport(Question& question) {
  const std::string resource = question.params.Text("resource");
  const std::string file = question.params.Text("file");
  RETURN_IF_ERROR(question.params.Check());
  if (!resource.empty()) RETURN_IF_ERROR(ResourceNamed(*question.exchange.catalog(), resource).status());
  uint64_t rows = 0;
  RETURN_IF_ERROR(WalkQuarantine(question.exchange, resource, [&](const QuarantinedRow& row) {
    if (!file.empty() && row.file != file) return true;
    ++rows;
    question.out.Row(FullRow(row));
    return !question.out.cancelled();
  }));
  return Json{{"rows", rows}};
}

}  // namespace datong::admin
