// SPDX-License-Identifier: Apache-2.0
#include "connectors/sdk/source_connector.h"

namespace datong::sdk {

void SourceRead::Clear() {
  unit_begun.reset();
  rows.Clear();
  position.clear();
  bytes_read = 0;
  unit_ended = false;
  unit_failure.clear();
  exhausted = false;
  idle_ms = 0;
  unknown_columns.clear();
}

}  // namespace datong::sdk
