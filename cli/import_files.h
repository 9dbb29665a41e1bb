// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "cli/connector_host.h"
#include "cli/exchange_holder.h"
#include "exchange_core/admin/params.h"
#include "exchange_core/admin/request.h"

namespace datong::cli {

// Brings named files into a resource and says what became of them: a row per file (as in `files`) and a summary with
// "outcome" - complete, partly, failed - and the problems met. Thread-safe; one import per resource at a time.
class Importer {
 public:
  // Both must outlive it. Lanes must be at work when Import is called.
  Importer(ExchangeHolder& holder, ConnectorHost& connectors) : holder_(holder), connectors_(connectors) {}

  absl::StatusOr<admin::Json> Import(admin::Params& params, admin::Responder& out);

 private:
  ExchangeHolder& holder_;
  ConnectorHost& connectors_;
  std::mutex mutex_;
  std::set<std::string> at_work_;  // resources; guarded by mutex_
};

}  // namespace datong::cli
