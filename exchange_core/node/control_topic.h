// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <string_view>

#include "exchange_core/broker/broker.h"

namespace datong::node {

inline constexpr char kCatalogTopic[] = "catalog";
inline constexpr char kSourcesTopic[] = "sources";
inline constexpr char kReceiptsTopic[] = "receipts";
inline constexpr char kHolderTopic[] = "holder";  // only where several machines reach the topics

// Reads a control topic (one partition) from its beginning to its present end.
absl::Status ReplayControlTopic(broker::Broker& broker, const std::string& topic,
                                const std::function<absl::Status(std::string_view body)>& apply);

}  // namespace datong::node
