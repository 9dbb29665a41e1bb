// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exchange_core/catalog/catalog_table.h"

namespace datong::catalog::v1 {
class SnapshotPolicy;
}

// How full dumps of a resource are judged, between the catalog's log, the table and people. The file's side is
// snapshot_policy_yaml.h.
namespace datong::catalog {

SnapshotPolicy PolicyFrom(const v1::SnapshotPolicy& stored);
void WritePolicy(const SnapshotPolicy& policy, v1::SnapshotPolicy& into);

// Empty when it is one that can be followed, else what is wrong with it: the log may hold what no file ever said.
std::string PolicyContradiction(const v1::SnapshotPolicy& stored);

// "20%", "2.5%".
std::string PermilleAsText(uint32_t permille);

// What differs, by the keys of the file and with its new value: "vanish_share_max 10%, same_key first". Turning early
// flow on names the stops that are lost by it. Empty when nothing differs.
std::string DescribePolicyChange(const SnapshotPolicy& before, const SnapshotPolicy& after);

}  // namespace datong::catalog
