// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/str_cat.h>

#include <cstdint>
#include <string>

// Under which identity each part of a node writes (broker::Broker::OpenWriter). Lanes have their own: lane.0, lane.1.
namespace datong::node {

inline constexpr char kCatalogWriter[] = "catalog";
inline constexpr char kSnapshotsWriter[] = "snapshots";
inline constexpr char kHolderWriter[] = "holder";
inline constexpr char kRegistrarWriter[] = "sources";  // of sources that were never seen before

inline std::string SourceWriter(const std::string& source) { return absl::StrCat("source.", source); }
// Whoever answers the department's requests; also the group whose position says what is answered.
inline std::string DeskWriter(uint32_t department_id) { return absl::StrCat("desk.", department_id); }
// Also the group whose position outsiders see.
inline std::string SubscriptionWriter(uint32_t subscription_id) {
  return absl::StrCat("subscription.", subscription_id);
}

}  // namespace datong::node
