// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"

namespace datong::node {

struct NeededTopic {
  std::string topic;
  broker::TopicOptions options;
  std::string purpose;  // for people: whose it is and what is in it
};

// What an exchange needs whatever its catalog says, and what this catalog needs. The exchange makes them from these
// lists, `datong topics` shows them.
std::vector<NeededTopic> OwnTopics(uint32_t lanes);
std::vector<NeededTopic> TopicsOf(const catalog::CatalogTable& catalog);
// What processes on several machines need to agree who works on what (membership.h).
inline constexpr uint32_t kMembersMax = 8;  // processes at once
std::vector<NeededTopic> TopicsOfMembership();

// Idempotent.
absl::Status CreateTopics(broker::Broker& broker, const std::vector<NeededTopic>& needed);

// DataLoss: this exchange has a catalog and no ledger. The ledger is made before the catalog, so somebody deleted it,
// and one made in its place would let the lanes decide and deliver everything a second time.
absl::Status LedgerWasNotDeleted(broker::Broker& broker);

}  // namespace datong::node
