// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/file_system.h"

namespace datong::cli {

// Which engine carries the messages of the exchange in a data directory. Said once, on the command line that makes the
// exchange, and kept in DIRECTORY/engine.json; a directory without that file has the embedded engine.
struct EngineChoice {
  bool kafka = false;
  std::string bootstrap_servers;
  std::string exchange;         // its name in the cluster
  int replication_factor = 0;   // of topics; 0: as the cluster allows (broker_adapters/kafka/topic_settings.h)
  int min_insync_replicas = 0;  // 0: as fits the replication factor
  std::string config;           // path of a file with librdkafka's properties, passwords among them; may be empty
  std::string checkpoints;      // a directory that the processes of the exchange share; empty: each keeps its own
  uint64_t move = 0;  // by which the exchange came, or is to come, from the embedded engine; 0: it was made on Kafka
};

// What a command line says of it; empty: nothing.
struct EngineSaid {
  std::string engine, bootstrap_servers, exchange, config, checkpoints;
  int replication_factor = 0, min_insync_replicas = 0;  // 0: nothing
  double lease_seconds = 0;                             // 0: nothing; of this process alone, and not kept
};

// What is stored, changed by what is said: servers, configuration and
// replication may change, engine and exchange may not. Errors are
// problems (admin::ToStatus). DataLoss: the file cannot be read as one.
absl::StatusOr<EngineChoice> ChooseEngine(base::FileSystem& files, const std::string& directory,
                                          const EngineSaid& said);
// Writes what was chosen where it differs from what is stored; nothing for the embedded engine.
absl::Status KeepEngineChoice(base::FileSystem& files, const std::string& directory, const EngineChoice& choice);

std::string EmbeddedLogPath(const std::string& directory);  // of the embedded engine
std::string EngineChoicePath(const std::string& directory);

// An exchange on its way from the embedded engine to Kafka (`datong migrate`): DIRECTORY/migration.json says where to,
// in the words of engine.json, and the embedded engine still counts. The one step that turns it round is that this file
// takes the name engine.json.
std::string MovePath(const std::string& directory);
absl::StatusOr<std::optional<EngineChoice>> MoveBegun(base::FileSystem& files, const std::string& directory);
// Where to, of a move that goes on or begins; `move` is 0 in one that begins. What is said is held against the one that
// was begun.
absl::StatusOr<EngineChoice> ChooseMoveTarget(base::FileSystem& files, const std::string& directory,
                                              const EngineSaid& said);
absl::Status KeepMoveTarget(base::FileSystem& files, const std::string& directory, const EngineChoice& target);
absl::Status TurnRound(base::FileSystem& files, const std::string& directory);
// What the embedded engine holds, once it does not count any longer; a person may delete it.
std::string FormerLogPath(const std::string& directory);
// Gives it that name; nothing when it has it.
absl::Status SetFormerLogAside(base::FileSystem& files, const std::string& directory);

// "name = value" lines, as librdkafka knows them; # begins a comment line. InvalidArgument names the line.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadProperties(base::FileSystem& files,
                                                                                const std::string& path);

}  // namespace datong::cli
