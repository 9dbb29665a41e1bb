// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exchange_core/catalog/catalog_yaml.h"

namespace datong::catalog {

// The kind of a connector that its department runs itself (docs/kafka.md): the exchange lets it in and does not run it.
inline constexpr char kAgencyConnector[] = "agency";

// Reads kind, source or sink, and the options of one connector. Which options a kind has is known here; what their
// values mean is the connector's own business, except where a wrong word can be told at once.
void ReadConnector(YamlMapReader& reader, DesiredConnector& connector, Findings& findings);

}  // namespace datong::catalog
