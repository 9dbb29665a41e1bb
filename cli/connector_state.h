// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "connectors/runner/sink_runner.h"
#include "connectors/runner/source_runner.h"

namespace datong::cli {

// What a connector is doing, in words that change when something does. Empty: nothing worth a line.
std::string StateOf(const runner::SourceProgress& progress);
// Sinks go back and forth between working and idle all the time: only trouble is worth a line.
std::string StateOf(const runner::SinkProgress& progress);

}  // namespace datong::cli
