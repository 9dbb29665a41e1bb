// SPDX-License-Identifier: Apache-2.0
#include "connectors/sdk/source_connector.h"

namespace datong::sdk {

Status SourceConnector::Identify(std::string& /*identity*/) {
  return Status::Fail("bad_connector", "the source began a unit without identity and cannot tell it when asked",
                      "report this to whoever wrote it");
}

void SourceRead::Clear() {
  unit_begun.reset();
  rows.Clear();
  position.clear();
  bytes_read = 0;
  unit_ended = false;
  unit_failure.clear();
  identity.clear();
  exhausted = false;
  idle_ms = 0;
  unknown_columns.clear();
}

}  // namespace datong::sdk
