// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "cli/connector_host.h"
#include "cli/control_server.h"
#include "cli/exchange_holder.h"
#include "cli/import_files.h"

namespace datong::cli {

inline constexpr char kVersion[] = "0.1.0";

// An exchange at work in this process: lanes, connectors, the control socket. What a person asks is answered here,
// whether it comes from this process or through the socket.
class ExchangeService {
 public:
  // `holder` must outlive it. `wanted`: which of the catalog's connectors this process runs.
  ExchangeService(ExchangeHolder& holder, std::string directory, ConnectorHost::Wanted wanted, ConnectorHost::Log log);
  ~ExchangeService() { Stop().IgnoreError(); }

  absl::Status Start();
  // Questions are withdrawn, connectors stop, then lanes. OK to call twice.
  absl::Status Stop();

  // Any thread, between Start() and Stop().
  absl::StatusOr<admin::Json> Answer(const admin::Request& request, admin::Responder& out);

 private:
  ExchangeHolder& holder_;
  const std::string directory_;
  ConnectorHost connectors_;
  Importer importer_;
  std::unique_ptr<ControlServer> server_;
  bool started_ = false;
};

}  // namespace datong::cli
