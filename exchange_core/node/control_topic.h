// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <string_view>

#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/node/source_table.h"

namespace datong::node {

inline constexpr char kCatalogTopic[] = "catalog";
inline constexpr char kSourcesTopic[] = "sources";
inline constexpr char kReceiptsTopic[] = "receipts";
inline constexpr char kHolderTopic[] = "holder";  // only where several machines reach the topics

// Reads a control topic (one partition) from its beginning to its present end.
absl::Status ReplayControlTopic(broker::Broker& broker, const std::string& topic,
                                const std::function<absl::Status(std::string_view body)>& apply);
// The two that others than the exchange itself want as well.
absl::Status ReplayCatalog(broker::Broker& broker, catalog::CatalogTable& table);
absl::Status ReplaySources(broker::Broker& broker, SourceTable& table);

}  // namespace datong::node
