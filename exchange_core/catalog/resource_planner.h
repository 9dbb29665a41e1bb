// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/catalog/catalog_yaml.h"

namespace datong::catalog {

// Turns a wanted resource into the definition to apply: gives field numbers and schema version, checks the rules within
// a resource and, when there is a `before`, those of change. Numbers of the resource, provider and key domain are
// already in `after`. What is wrong goes to `findings`; `after` is complete only when nothing was added there.
void PlanResource(const DesiredResource& desired, const v1::Resource* before, v1::Resource& after, Findings& findings);

// "schema version 2 (new items: a, b; retired: c)", "new (10 items, 4 partitions)", ...
std::string DescribeResourceChange(const v1::Resource* before, const v1::Resource& after);

}  // namespace datong::catalog
