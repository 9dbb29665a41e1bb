// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "exchange_core/admin/delivery_walk.h"
#include "exchange_core/admin/present_state.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/admin/record_text.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::admin {
namespace {

constexpr char kUnitSeparator = '\x1f';

// The items a state is made of, in declared order: those the view lets through, and of these those asked for.
absl::StatusOr<std::vector<record::Item>> ChooseItems(const SubscriptionView& asked,
                                                      const std::vector<std::string>& wanted) {
  std::vector<record::Item> chosen;
  for (const record::Item& item : asked.resource->schema->items) {
    if (!asked.view->projection->Passes(item.field_number)) continue;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), item.name) != wanted.end()) chosen.push_back(item);
  }
  for (const std::string& name : wanted) {
    const bool there =
        std::any_of(chosen.begin(), chosen.end(), [&](const record::Item& item) { return item.name == name; });
    if (!there) {
      return ToStatus(
          {.code = Code::kBadValue,
           .what = "'" + name + "' is no item that subscription '" + asked.subscription->name + "' receives",
           .next = "`datong catalog show` lists the items of its grant"});
    }
  }
  return chosen;
}

// A subscription that started with `now` holds only what changed since.
absl::StatusOr<std::set<base::Digest>> KeysDelivered(node::Exchange& exchange, const SubscriptionView& asked) {
  std::set<base::Digest> keys;
  DeliveryWalk walk(exchange, *asked.subscription, *asked.view);
  RETURN_IF_ERROR(walk.Open(true));
  DeliveryWalk::Delivered delivered;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next(delivered));
    if (!more) return keys;
    for (size_t i = delivered.first; i < delivered.batch.size(); ++i) keys.insert(delivered.batch.columns.key[i]);
  }
}

struct StateRow {
  std::string sort_key;
  Json row;
};

std::string StateLine(const std::vector<record::Item>& items, std::string_view record) {
  std::string line;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) line += kUnitSeparator;
    line += record::FieldAsText(items[i], record).value_or("");
  }
  return line;
}

std::string DigestOfLines(std::vector<std::string>& lines) {
  std::sort(lines.begin(), lines.end());
  base::Sha256Stream sha256;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) sha256.Update("\n");
    sha256.Update(lines[i]);
  }
  return base::ToHex(sha256.Finish());
}

}  // namespace

absl::StatusOr<Json> AnswerState(Question& question) {
  const std::string name = question.params.Required("subscription");
  const bool digest_only = question.params.Flag("digest");
  const std::vector<std::string> wanted = question.params.Texts("items");
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  ASSIGN_OR_RETURN(const SubscriptionView asked, SubscriptionNamed(*table, name));
  if (asked.resource->schema->kind != record::ResourceKind::kEntity) {
    return ToStatus({.code = Code::kNoPresentState,
                     .what = "resource '" + asked.resource->name + "' holds events, which have no present state",
                     .next = "`datong tail " + name + " --from begin --no-follow` lists what was delivered"});
  }
  ASSIGN_OR_RETURN(const std::vector<record::Item> items, ChooseItems(asked, wanted));

  std::vector<PresentEntry> entries = PresentEntries(question.exchange, *asked.resource);
  if (asked.subscription->start == catalog::SubscriptionStart::kNow) {
    ASSIGN_OR_RETURN(const std::set<base::Digest> keys, KeysDelivered(question.exchange, asked));
    std::erase_if(entries, [&](const PresentEntry& one) { return !keys.contains(one.entry.key); });
  }

  std::vector<StateRow> rows;
  std::vector<std::string> lines;
  const auto take = [&](const record::RecordBatch& batch, size_t record, const PresentEntry& one) -> absl::Status {
    lines.push_back(StateLine(items, batch.record(record)));
    if (digest_only) return absl::OkStatus();
    const Json key = KeyJson(*asked.resource->schema, asked.view, batch.record(record));
    Json values = Json::object();
    for (const record::Item& item : items) {
      if (auto text = record::FieldAsText(item, batch.record(record))) values[item.name] = *std::move(text);
    }
    const std::string hex = base::ToHex(one.entry.key);
    rows.push_back({key.is_string() ? key.get<std::string>() : hex,
                    {{"key", key},
                     {"items", std::move(values)},
                     {"file", FileOf(batch.header, batch.columns, record)},
                     {"row", batch.columns.row[record]},
                     {"digest", hex}}});
    if (question.out.cancelled()) return absl::CancelledError("no longer wanted");
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadPresent(question.exchange, *asked.resource, entries, take));

  std::sort(rows.begin(), rows.end(), [](const StateRow& a, const StateRow& b) { return a.sort_key < b.sort_key; });
  for (const StateRow& row : rows) question.out.Row(row.row);
  Json names = Json::array();
  for (const record::Item& item : items) names.push_back(item.name);
  return Json{{"records", entries.size()}, {"items", names}, {"sha256", DigestOfLines(lines)}};
}

}  // namespace datong::admin
