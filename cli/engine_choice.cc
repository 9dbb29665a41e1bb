// SPDX-License-Identifier: Apache-2.0
#include "cli/engine_choice.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/request.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

using admin::Code;
using admin::Json;

constexpr uint64_t kBytesMax = uint64_t{1} << 20;

absl::StatusOr<std::optional<EngineChoice>> Stored(base::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (!exists) return std::nullopt;
  EngineChoice choice;
  ASSIGN_OR_RETURN(const std::string text, base::ReadWholeFile(files, path, kBytesMax));
  const Json json = Json::parse(text, nullptr, false);
  const auto member = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
  };
  choice.kafka = true;
  choice.bootstrap_servers = member("bootstrap_servers");
  choice.exchange = member("exchange");
  choice.config = member("config");
  choice.checkpoints = member("checkpoints");
  const auto number = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_number_integer() ? json[name].get<int>() : 0;
  };
  choice.replication_factor = number("replication_factor");
  choice.min_insync_replicas = number("min_insync_replicas");
  if (json.is_object() && json.contains("move") && json["move"].is_number_unsigned()) {
    choice.move = json["move"].get<uint64_t>();
  }
  if (member("engine") != "kafka" || choice.bootstrap_servers.empty() || choice.exchange.empty()) {
    return absl::DataLossError(absl::StrCat(path, " does not say which engine carries this exchange"));
  }
  return choice;
}

absl::Status Wrong(const std::string& what, const std::string& where, const std::string& next) {
  return admin::ToStatus({.code = Code::kWrongArguments, .what = what, .where = where, .next = next});
}

// A choice of Kafka, changed by what is said, when that makes a whole one.
absl::StatusOr<EngineChoice> Changed(EngineChoice choice, const EngineSaid& said) {
  choice.kafka = true;
  if (!said.exchange.empty()) choice.exchange = said.exchange;
  if (!said.bootstrap_servers.empty()) choice.bootstrap_servers = said.bootstrap_servers;
  if (!said.config.empty()) choice.config = said.config;
  if (!said.checkpoints.empty()) choice.checkpoints = said.checkpoints;
  if (said.replication_factor != 0) choice.replication_factor = said.replication_factor;
  if (said.min_insync_replicas != 0) choice.min_insync_replicas = said.min_insync_replicas;
  if (choice.min_insync_replicas != 0 && choice.replication_factor < choice.min_insync_replicas) {
    return Wrong(absl::StrCat("--min-insync-replicas ", choice.min_insync_replicas, " needs a --replication-factor of ",
                              "at least that; with fewer copies nothing could be written"),
                 "", "say both, for example --replication-factor 3 --min-insync-replicas 2");
  }
  if (choice.bootstrap_servers.empty()) {
    return Wrong("Kafka needs the address of a broker", "", "add --bootstrap-servers HOST:PORT[,HOST:PORT]");
  }
  if (choice.exchange.empty()) {
    return Wrong("Kafka needs the name of the exchange in the cluster", "",
                 "add --exchange NAME: every topic of it begins with NAME and a dot");
  }
  return choice;
}

absl::Status KeepAt(base::FileSystem& files, const std::string& directory, const std::string& path,
                    const EngineChoice& choice) {
  Json json = {{"engine", "kafka"},
               {"bootstrap_servers", choice.bootstrap_servers},
               {"exchange", choice.exchange},
               {"config", choice.config},
               {"checkpoints", choice.checkpoints}};
  if (choice.replication_factor != 0) json["replication_factor"] = choice.replication_factor;
  if (choice.min_insync_replicas != 0) json["min_insync_replicas"] = choice.min_insync_replicas;
  if (choice.move != 0) json["move"] = choice.move;
  const std::string text = json.dump(2) + "\n";
  ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (exists) {
    ASSIGN_OR_RETURN(const std::string stored, base::ReadWholeFile(files, path, kBytesMax));
    if (stored == text) return absl::OkStatus();
  }
  RETURN_IF_ERROR(base::WriteWholeFileAtomically(files, path, text));
  return base::SyncWayTo(files, directory);
}

}  // namespace

std::string EmbeddedLogPath(const std::string& directory) { return directory + "/log"; }
std::string EngineChoicePath(const std::string& directory) { return directory + "/engine.json"; }

absl::StatusOr<EngineChoice> ChooseEngine(base::FileSystem& files, const std::string& directory,
                                          const EngineSaid& said) {
  ASSIGN_OR_RETURN(const std::optional<EngineChoice> stored, Stored(files, EngineChoicePath(directory)));
  const EngineChoice choice = stored.value_or(EngineChoice());
  ASSIGN_OR_RETURN(const bool embedded_there, files.Exists(EmbeddedLogPath(directory)));
  const std::string engine_there = choice.kafka ? "kafka" : embedded_there ? "embedded" : "";
  if (!said.engine.empty() && !engine_there.empty() && said.engine != engine_there) {
    return Wrong(absl::StrCat("this exchange has the ", engine_there, " engine, and that cannot change"), directory,
                 choice.kafka ? "leave --engine out, or give another directory"
                              : "leave --engine out; `datong migrate` carries an exchange over to Kafka");
  }
  const bool kafka = said.engine.empty() ? choice.kafka : said.engine == "kafka";
  if (!kafka) {
    if (said.bootstrap_servers.empty() && said.exchange.empty() && said.config.empty() && said.checkpoints.empty() &&
        said.replication_factor == 0 && said.min_insync_replicas == 0 && said.lease_seconds == 0) {
      return choice;
    }
    return Wrong(
        "--bootstrap-servers, --exchange, --kafka-config, --checkpoints, --replication-factor, "
        "--min-insync-replicas and --lease-seconds are for --engine kafka",
        "", "add --engine kafka, or leave them out");
  }
  if (choice.kafka && !said.exchange.empty() && said.exchange != choice.exchange) {
    return Wrong(absl::StrCat("this directory belongs to exchange \"", choice.exchange, "\""), directory,
                 "leave --exchange out, or give another directory");
  }
  return Changed(choice, said);
}

absl::Status KeepEngineChoice(base::FileSystem& files, const std::string& directory, const EngineChoice& choice) {
  return choice.kafka ? KeepAt(files, directory, EngineChoicePath(directory), choice) : absl::OkStatus();
}

std::string MovePath(const std::string& directory) { return directory + "/migration.json"; }

absl::StatusOr<std::optional<EngineChoice>> MoveBegun(base::FileSystem& files, const std::string& directory) {
  return Stored(files, MovePath(directory));
}

absl::StatusOr<EngineChoice> ChooseMoveTarget(base::FileSystem& files, const std::string& directory,
                                              const EngineSaid& said) {
  ASSIGN_OR_RETURN(const std::optional<EngineChoice> begun, MoveBegun(files, directory));
  if (begun.has_value() && !said.exchange.empty() && said.exchange != begun->exchange) {
    return Wrong(absl::StrCat("a move of this exchange to \"", begun->exchange, "\" was begun"), MovePath(directory),
                 "leave --exchange out to go on with it; to give it up, delete that file, and the topics of that name "
                 "in the cluster");
  }
  return Changed(begun.value_or(EngineChoice()), said);
}

absl::Status KeepMoveTarget(base::FileSystem& files, const std::string& directory, const EngineChoice& target) {
  return KeepAt(files, directory, MovePath(directory), target);
}

absl::Status TurnRound(base::FileSystem& files, const std::string& directory) {
  RETURN_IF_ERROR(files.Rename(MovePath(directory), EngineChoicePath(directory)));
  return files.SyncDirectory(directory);
}

std::string FormerLogPath(const std::string& directory) { return directory + "/log-before-kafka"; }

absl::Status SetFormerLogAside(base::FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(const bool there, files.Exists(EmbeddedLogPath(directory)));
  if (!there) return absl::OkStatus();
  RETURN_IF_ERROR(files.Rename(EmbeddedLogPath(directory), FormerLogPath(directory)));
  return files.SyncDirectory(directory);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadProperties(base::FileSystem& files,
                                                                                const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadWholeFile(files, path, kBytesMax));
  std::vector<std::pair<std::string, std::string>> properties;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const size_t equals = line.find('=');
    if (equals == 0 || equals == absl::string_view::npos) {
      // Not the line itself: it may hold a password.
      return Wrong("a line of the Kafka configuration is not \"name = value\"", absl::StrCat(path, ":", number),
                   "write one property of librdkafka per line, # before a comment");
    }
    properties.emplace_back(absl::StripAsciiWhitespace(line.substr(0, equals)),
                            absl::StripAsciiWhitespace(line.substr(equals + 1)));
  }
  return properties;
}

}  // namespace datong::cli
