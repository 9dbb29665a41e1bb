// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/delivery_walk.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/admin/record_text.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {
namespace {

constexpr int64_t kPauseMs = 200;

uint64_t SendRows(const DeliveryWalk::Delivered& delivered, const catalog::Resource& resource,
                  const catalog::View& view, uint64_t rows_max, Responder& out) {
  const record::RecordBatch& batch = delivered.batch;
  const record::RecordSchema& schema = SchemaOf(resource, batch.header.schema_version);
  uint64_t sent = 0;
  for (size_t i = delivered.first; i < batch.size() && sent < rows_max; ++i, ++sent) {
    out.Row({{"operation", OperationText(batch.columns.operation[i])},
             {"key", KeyJson(schema, &view, batch.record(i))},
             {"items", ItemsJson(schema, &view, batch.record(i))},
             {"file", FileOf(batch.header, batch.columns, i)},
             {"row", batch.columns.row[i]},
             {"lane", delivered.envelope.lane()},
             {"sequence", delivered.envelope.first_sequence() + i},
             {"again", delivered.again},
             {"received", TimeJson(delivered.envelope.receive_time())},
             {"digest", base::ToHex(batch.columns.key[i])}});
  }
  return sent;
}

}  // namespace

absl::StatusOr<Json> AnswerTail(Question& question) {
  const std::string name = question.params.Required("subscription");
  const bool from_begin = question.params.Choice("from", {"now", "begin"}) == "begin";
  const bool follow = question.params.Flag("follow", true);
  const uint64_t rows_max = question.params.Count("limit", UINT64_MAX);
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  ASSIGN_OR_RETURN(const SubscriptionView asked, SubscriptionNamed(*table, name));

  DeliveryWalk walk(question.exchange, *asked.subscription, *asked.view);
  RETURN_IF_ERROR(walk.Open(from_begin));
  DeliveryWalk::Delivered delivered;
  uint64_t rows = 0;
  bool ended_early = false;
  while (rows < rows_max) {
    ASSIGN_OR_RETURN(const bool more, walk.Next(delivered));
    if (more) {
      // A new schema version may have come while we followed.
      const auto newest = question.exchange.catalog();
      const catalog::Resource* resource = newest->FindResource(asked.resource->id);
      rows += SendRows(delivered, resource == nullptr ? *asked.resource : *resource, *asked.view, rows_max - rows,
                       question.out);
      if (question.out.cancelled()) return absl::CancelledError("no longer wanted");
      continue;
    }
    ended_early = follow && !question.running;  // nothing more can come
    if (!follow || ended_early) break;
    RETURN_IF_ERROR(question.exchange.Health());
    if (!question.out.Pause(kPauseMs)) return absl::CancelledError("no longer wanted");
  }
  return Json{{"rows", rows}, {"incomplete", walk.incomplete()}, {"ended_early", ended_early}};
}

}  // namespace datong::admin
