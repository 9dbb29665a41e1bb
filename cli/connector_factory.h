// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>

#include "cli/ground.h"
#include "connectors/file/file_source.h"
#include "connectors/runner/sink_runner.h"
#include "connectors/runner/source_runner.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/client/exchange_client.h"

// The one place that knows which connectors there are and what their options in a catalog mean.
namespace datong::cli {

// How a file is written and what is stated of it, from options by the names they have in a catalog and in `import`:
// format, encoding, delimiter, title_lines, header, columns (a line each), ragged; manifest (a line each), trailer,
// as_of. Unknown names are left alone. kBadValue names a wrong one.
absl::Status ReadDialect(const std::map<std::string, std::string>& options, file::FileSourceOptions& into);

// What connectors are made to work with. All of it outlives them.
struct ConnectorPlace {
  const Ground& ground;
  client::ExchangeClient& exchange;
  base::Scheduler& scheduler;
  std::string row_memory_directory;  // empty: rows of full dumps are not remembered
};

// InvalidArgument when an option says nothing this program understands. Relative paths count from the working
// directory. `entity`: what the resource holds has a present state, so that a file may be a full dump of it.
absl::StatusOr<std::unique_ptr<runner::SourceRunner>> NewSource(const catalog::Connector& connector, bool entity,
                                                                const ConnectorPlace& place);
absl::StatusOr<std::unique_ptr<runner::SinkRunner>> NewSink(const catalog::Connector& connector,
                                                            const ConnectorPlace& place);

}  // namespace datong::cli
