// SPDX-License-Identifier: Apache-2.0
// Whoever replays the catalog topic gets the table that the exchange uses, nothing that was told OK is missing in it,
// and in the end every lane decides under it.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/node/control_topic.h"
#include "tests/simulation/judges/judge.h"

namespace datong::simulation {
namespace {

using catalog::CatalogTable;

bool Same(const catalog::Department& a, const catalog::Department& b) {
  return a.id == b.id && a.name == b.name && a.title == b.title && a.social_credit_code == b.social_credit_code &&
         a.kafka_user == b.kafka_user && a.writes_itself == b.writes_itself;
}

bool Same(const catalog::KeyDomain& a, const catalog::KeyDomain& b) {
  return a.id == b.id && a.name == b.name && a.key.id == b.key.id && a.key.secret == b.key.secret;
}

bool Same(const record::Item& a, const record::Item& b) {
  return a.name == b.name && a.field_number == b.field_number && a.type == b.type && a.compared == b.compared &&
         a.empty_is_value == b.empty_is_value && a.required == b.required;
}

bool Same(const std::shared_ptr<const record::RecordSchema>& a, const std::shared_ptr<const record::RecordSchema>& b) {
  return a->resource == b->resource && a->resource_id == b->resource_id && a->version == b->version &&
         a->kind == b->kind && a->key_items == b->key_items && a->id_items == b->id_items &&
         a->version_item == b->version_item && a->event_time_item == b->event_time_item &&
         std::equal(a->items.begin(), a->items.end(), b->items.begin(), b->items.end(),
                    [](const record::Item& x, const record::Item& y) { return Same(x, y); });
}

bool Same(const catalog::Resource& a, const catalog::Resource& b) {
  return a.id == b.id && a.name == b.name && a.title == b.title && a.provider_id == b.provider_id &&
         a.key_domain_id == b.key_domain_id && a.partitions == b.partitions && a.window_us == b.window_us &&
         Same(a.schema, b.schema) && a.definition->SerializeAsString() == b.definition->SerializeAsString() &&
         std::equal(a.versions.begin(), a.versions.end(), b.versions.begin(), b.versions.end(),
                    [](const auto& x, const auto& y) { return Same(x, y); });
}

bool Same(const catalog::Grant& a, const catalog::Grant& b) {
  return a.id == b.id && a.name == b.name && a.resource_id == b.resource_id && a.department_id == b.department_id &&
         a.item_fields == b.item_fields && a.valid_until == b.valid_until && a.revoked == b.revoked &&
         a.purpose == b.purpose;
}

bool Same(const catalog::View& a, const catalog::View& b) {
  return a.id == b.id && a.resource_id == b.resource_id && a.item_fields == b.item_fields;
}

bool Same(const catalog::Subscription& a, const catalog::Subscription& b) {
  return a.id == b.id && a.name == b.name && a.grant_id == b.grant_id && a.view_id == b.view_id && a.start == b.start &&
         a.since_version == b.since_version && a.suspended == b.suspended && a.retired == b.retired &&
         a.active == b.active;
}

bool Same(const catalog::Connector& a, const catalog::Connector& b) {
  return a.id == b.id && a.name == b.name && a.kind == b.kind && a.resource == b.resource &&
         a.subscription == b.subscription && a.sink == b.sink && a.options == b.options;
}

template <typename Object>
std::string NameOf(const Object& object) {
  return object.name;
}
std::string NameOf(const catalog::View& view) { return absl::StrCat(view.id); }

// `kind`: "department", ...
template <typename Object>
void Compare(const char* kind, const std::map<uint32_t, Object>& in_use, const std::map<uint32_t, Object>& replayed,
             Judgement& judgement) {
  judgement.looked_at += in_use.size();
  for (const auto& [id, object] : in_use) {
    const auto other = replayed.find(id);
    if (other == replayed.end()) {
      judgement.Complain(absl::StrCat(kind, " ", NameOf(object), " is in use, but the catalog topic does not make it"));
    } else if (!Same(object, other->second)) {
      judgement.Complain(absl::StrCat(kind, " ", NameOf(object), " is not as the catalog topic makes it"));
    }
  }
  for (const auto& [id, object] : replayed) {
    if (in_use.contains(id)) continue;
    judgement.Complain(absl::StrCat(kind, " ", NameOf(object), " is in the catalog topic, but not in use"));
  }
}

void CompareTables(const CatalogTable& in_use, const CatalogTable& replayed, Judgement& judgement) {
  Compare("department", in_use.departments(), replayed.departments(), judgement);
  Compare("key domain", in_use.key_domains(), replayed.key_domains(), judgement);
  Compare("resource", in_use.resources(), replayed.resources(), judgement);
  Compare("grant", in_use.grants(), replayed.grants(), judgement);
  Compare("view", in_use.views(), replayed.views(), judgement);
  Compare("subscription", in_use.subscriptions(), replayed.subscriptions(), judgement);
  Compare("connector", in_use.connectors(), replayed.connectors(), judgement);
  for (size_t kind = 0; kind < catalog::kObjectKinds; ++kind) {
    const auto of = static_cast<catalog::ObjectKind>(kind);
    if (in_use.NextNumber(of) == replayed.NextNumber(of)) continue;
    judgement.Complain(absl::StrCat("the next number of object kind ", kind, " is ", in_use.NextNumber(of),
                                    " in use and ", replayed.NextNumber(of), " by the catalog topic"));
  }
}

}  // namespace

Judgement CatalogsConverge(const Evidence& evidence) {
  Judgement judgement;
  const auto in_use = evidence.exchange.catalog();
  if (in_use->version() < evidence.catalog_version_min) {
    judgement.Complain(absl::StrCat("the catalog in use has version ", in_use->version(),
                                    ", but the change to version ", evidence.catalog_version_min, " was told OK"));
  }
  CatalogTable replayed;
  if (const auto* topic = evidence.witness.Find(node::kCatalogTopic, 0); topic != nullptr) {
    for (const Witness::Message& message : topic->messages) {
      if (const absl::Status applied = catalog::ApplyFramed(message.body, replayed); !applied.ok()) {
        judgement.Complain(absl::StrCat("the catalog topic can't be replayed from version ", replayed.version(),
                                        " on: ", std::string(applied.message())));
        return judgement;
      }
    }
  }
  // A change is stored before its topics are made: on a full disk it may wait there for a restart.
  const bool waits = !evidence.settled && replayed.version() == in_use->version() + 1;
  if (waits) {
    judgement.looked_at += 1;
  } else if (replayed.version() != in_use->version()) {
    judgement.Complain(absl::StrCat("the catalog in use has version ", in_use->version(), ", the catalog topic makes ",
                                    replayed.version()));
  } else {
    CompareTables(*in_use, replayed, judgement);
  }
  for (uint32_t lane = 0; lane < evidence.exchange.lanes(); ++lane) {
    evidence.exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
      const uint64_t version = view.state.catalog_version;
      ++judgement.looked_at;
      if (version == in_use->version() || (version < in_use->version() && !evidence.settled)) return;
      judgement.Complain(absl::StrCat("lane ", lane, " decides under catalog version ", version, ", the exchange's is ",
                                      in_use->version()));
    });
  }
  return judgement;
}

}  // namespace datong::simulation
