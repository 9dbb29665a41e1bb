// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/exchange_service.h"
#include "cli/problem_text.h"
#include "cli/session.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/catalog/nearest_name.h"

namespace datong::cli {
namespace {

std::vector<std::unique_ptr<Command>> AllCommands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(NewRunCommand());
  commands.push_back(NewApplyCommand());
  commands.push_back(NewImportCommand());
  commands.push_back(NewFilesCommand());
  commands.push_back(NewBooksCommand());
  commands.push_back(NewLagCommand());
  commands.push_back(NewTailCommand());
  commands.push_back(NewTraceCommand());
  commands.push_back(NewStateCommand());
  commands.push_back(NewSnapshotListCommand());
  commands.push_back(NewSnapshotShowCommand());
  commands.push_back(NewSnapshotConfirmCommand());
  commands.push_back(NewSnapshotRejectCommand());
  commands.push_back(NewQuarantineListCommand());
  commands.push_back(NewQuarantineShowCommand());
  commands.push_back(NewQuarantineExportCommand());
  commands.push_back(NewCatalogShowCommand());
  commands.push_back(NewCatalogProtoCommand());
  commands.push_back(NewTopicsPlanCommand());
  commands.push_back(NewTopicsApplyCommand());
  commands.push_back(NewAclPlanCommand());
  commands.push_back(NewAclApplyCommand());
  commands.push_back(NewConnectorRunCommand());
  commands.push_back(NewMigrateCommand());
  commands.push_back(NewVerifyCommand());
  commands.push_back(NewVersionCommand());
  return commands;
}

// What a command line says before it is known to make sense.
struct Said {
  Settings settings;
  std::string form = "table", durability = "sync";
  bool version = false;
};

class CommandLine {
 public:
  CommandLine() : app_("Datong moves records between departments, exactly once, and can show it.", "datong") {
    app_.require_subcommand(0, 1);
    app_.add_flag("--version", said_.version, "The version of this program");
    AddCommonOptions(app_);
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong catalog, 4 exchange not reached,\n"
        "5 not allowed, 6 partly done, 7 a full dump is held, 130 ended by a second Ctrl-C.\n"
        "Every command: datong COMMAND --help.");
    for (const std::unique_ptr<Command>& command : commands_) Add(*command);
  }

  CLI::App& app() { return app_; }
  Said& said() { return said_; }
  // The command that was parsed; nullptr when none was named.
  Command* chosen() const {
    for (const auto& [app, command] : by_app_) {
      if (app->parsed()) return command;
    }
    return nullptr;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const CLI::App* one : app_.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(one->get_name());
    return names;
  }
  // What was not said on the command line. The parser's own way asks once per command word and would overrule `-d`.
  void TakeEnvironment() {
    const char* directory = std::getenv("DATONG_DATA_DIR");
    if (said_.settings.directory.empty() && directory != nullptr) said_.settings.directory = directory;
  }
  // Of a group such as `quarantine`; empty for anything else.
  std::vector<std::string> NamesWithin(const std::string& group) const {
    std::vector<std::string> names;
    const auto found = groups_.find(group);
    if (found == groups_.end()) return names;
    for (const CLI::App* one : found->second->get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(one->get_name());
    return names;
  }

 private:
  void AddCommonOptions(CLI::App& app) {
    app.add_option("-d,--data-dir", said_.settings.directory, "The directory of the exchange (or DATONG_DATA_DIR)");
    app.add_option("--output", said_.form, "table (default), json: one document, ndjson: a row per line")
        ->check(CLI::IsMember({"table", "json", "ndjson"}));
  }

  void AddEngineOption(CLI::App& app) {
    app.add_option("--engine", said_.settings.engine.engine,
                   "What carries the messages of a new exchange: embedded (default), in the directory; kafka, in a "
                   "cluster; changed by `datong migrate` alone")
        ->check(CLI::IsMember({"embedded", "kafka"}));
  }

  void AddKafkaOptions(CLI::App& app) {
    EngineSaid& engine = said_.settings.engine;
    app.add_option("--bootstrap-servers", engine.bootstrap_servers,
                   "kafka: HOST:PORT[,HOST:PORT] where the cluster is first asked; kept, and may be said anew");
    app.add_option("--exchange", engine.exchange, "kafka: the exchange's name in the cluster, fixed for ever");
    app.add_option("--kafka-config", engine.config,
                   "kafka: a file of librdkafka's properties, name = value, for TLS and passwords; kept, and may be "
                   "said anew");
    app.add_option(
           "--replication-factor", engine.replication_factor,
           "kafka: copies of each new topic (default 3, or one per broker where there are fewer); kept, and may "
           "be said anew")
        ->check(CLI::Range(1, 32'767));
    app.add_option("--min-insync-replicas", engine.min_insync_replicas,
                   "kafka: of these, how many have a message before it counts as committed (default 2 of 3, else 1); "
                   "kept, and may be said anew")
        ->check(CLI::Range(1, 32'767));
  }

  // A process that shares an exchange says that it lives three times per lease. Shorter than the lower bound it would
  // lose its lanes to every pause of the machine, longer than the upper one nobody would wait for.
  void AddLeaseOption(CLI::App& app) {
    app.add_option("--lease-seconds", said_.settings.engine.lease_seconds,
                   "kafka: how long this process may be silent before others take over its lanes (default 1; 0.5 to "
                   "60); not kept")
        ->check(CLI::Range(0.5, 60.0));
  }

  // What the commands of two words have in common.
  static std::string SummaryOf(const std::string& group) {
    static const std::map<std::string, std::string> summaries = {
        {"acl", "What departments may do in the Kafka cluster by themselves"},
        {"catalog", "The catalog as it is"},
        {"connector", "Connectors that departments run themselves"},
        {"quarantine", "Rows that were held back"},
        {"snapshot", "Full dumps: what they changed, and the ones that wait for a person"},
        {"topics", "The topics of an exchange on Kafka, as they are and as they should be"}};
    return summaries.at(group);
  }

  void Add(Command& command) {
    const std::string name(command.name());
    const size_t space = name.find(' ');
    CLI::App* parent = &app_;
    if (space != std::string::npos) {
      const std::string group = name.substr(0, space);
      CLI::App*& known = groups_[group];
      if (known == nullptr) {
        known = app_.add_subcommand(group, SummaryOf(group));
        known->require_subcommand(0, 1);
      }
      parent = known;
    }
    CLI::App* app =
        parent->add_subcommand(name.substr(space == std::string::npos ? 0 : space + 1), std::string(command.summary()));
    command.Declare(*app);
    AddCommonOptions(*app);
    if (name == "run" || name == "apply" || name == "import") {
      app->add_option("--lanes", said_.settings.lanes, "Lanes of a new exchange, fixed for ever (default 4)")
          ->check(CLI::Range(1, 64));
      app->add_option("--durability", said_.durability,
                      "sync (default): survives a power cut; os: survives the end of the process only, and is faster")
          ->check(CLI::IsMember({"sync", "os"}));
      app->add_option("--checkpoints", said_.settings.engine.checkpoints,
                      "kafka: a directory that all processes of the exchange reach, for the lanes' checkpoints; kept, "
                      "and may be said anew (default: each its own)");
    }
    if (name == "run") AddLeaseOption(*app);
    const bool may_make = name == "run" || name == "apply" || name == "import" || name.starts_with("topics ");
    if (may_make) AddEngineOption(*app);
    if (may_make || name == "migrate") AddKafkaOptions(*app);
    app->footer("Example:\n  " + std::string(command.example()));
    by_app_[app] = &command;
  }

  Said said_;
  const std::vector<std::unique_ptr<Command>> commands_ = AllCommands();
  std::map<std::string, CLI::App*> groups_;
  std::map<const CLI::App*, Command*> by_app_;
  CLI::App app_;
};

int Refuse(const admin::Problem& problem, const Terminal& terminal) {
  std::fputs(ProblemText(problem, terminal.err_colour).c_str(), stderr);
  return ExitCodeOf(problem);
}

// The word that should have been a command: the first that is no option (nor the value of one that takes a value).
std::string FirstWord(const std::vector<std::string>& arguments, size_t& at) {
  for (; at < arguments.size(); ++at) {
    const std::string& word = arguments[at];
    if (word == "-d" || word == "--data-dir" || word == "--output") {
      ++at;
    } else if (!word.starts_with("-")) {
      return arguments[at++];
    }
  }
  return {};
}

// A word that is no command, before the parser says so in its own words.
std::unique_ptr<admin::Problem> UnknownCommand(const CommandLine& line, const std::vector<std::string>& arguments) {
  size_t at = 0;
  const std::string word = FirstWord(arguments, at);
  if (word.empty()) return nullptr;
  const auto problem = [](const std::string& what, const std::string& written, const std::vector<std::string>& names) {
    return std::make_unique<admin::Problem>(
        admin::Problem{.code = admin::Code::kUnknownCommand,
                       .what = what,
                       .next = catalog::DidYouMean(written, names, "datong --help lists the commands")});
  };
  const std::vector<std::string> names = line.Names();
  if (std::find(names.begin(), names.end(), word) == names.end()) {
    return problem("there is no command '" + word + "'", word, names);
  }
  const std::vector<std::string> within = line.NamesWithin(word);
  if (within.empty()) return nullptr;
  const bool help = std::find_if(arguments.begin(), arguments.end(), [](const std::string& one) {
                      return one == "--help" || one == "-h";
                    }) != arguments.end();
  const std::string second = FirstWord(arguments, at);
  if (std::find(within.begin(), within.end(), second) != within.end() || (second.empty() && help)) return nullptr;
  std::string all;
  for (const std::string& one : within) all += (all.empty() ? "" : ", ") + one;
  if (second.empty()) return problem("'" + word + "' needs one of: " + all, "", {});
  return problem("there is no command '" + word + " " + second + "'", second, within);
}

int RunCommand(CommandLine& line, const Ground& ground, const Terminal& terminal, Output& output) {
  Said& said = line.said();
  said.settings.form = said.form == "json"     ? OutputForm::kJson
                       : said.form == "ndjson" ? OutputForm::kNdjson
                                               : OutputForm::kTable;
  said.settings.durability = said.durability == "os" ? embedded::Durability::kOs : embedded::Durability::kSync;
  Command* command = line.chosen();
  if (command == nullptr) {
    output.Write(line.app().help());
    output.Flush();
    return 0;
  }
  std::string& directory = said.settings.directory;
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  if (command->needs_directory() && directory.empty()) {
    return Refuse({.code = admin::Code::kWrongArguments,
                   .what = "which exchange? no data directory is given",
                   .next = "add -d DIR, or set DATONG_DATA_DIR"},
                  terminal);
  }
  Session session(said.settings, ground, terminal, output);
  const int code = command->Run(session);
  output.Flush();
  if (output.error() == 0) return code;
  Refuse({.code = admin::Code::kFailed,
          .what = std::string("the answer could not be written: ") + std::strerror(output.error()),
          .where = "standard output",
          .next = "make room; what the command did stands, its answer can be asked for again"},
         terminal);
  return code != 0 ? code : 1;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, const Ground& ground, const Terminal& terminal,
                   Output& output) {
  CommandLine line;
  if (const auto problem = UnknownCommand(line, arguments)) return Refuse(*problem, terminal);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as the parser wants it
    line.app().parse(std::move(reversed));
    line.TakeEnvironment();
  } catch (const CLI::CallForHelp&) {
    output.Write(line.app().help());  // of the command that was named, if one was
    output.Flush();
    return 0;
  } catch (const CLI::ParseError& error) {
    return Refuse({.code = admin::Code::kWrongArguments,
                   .what = error.what(),
                   .next = "datong COMMAND --help shows how it is written"},
                  terminal);
  }
  if (line.said().version) {
    output.Write(std::string("datong ") + kVersion + "\n");
    output.Flush();
    return 0;
  }
  return RunCommand(line, ground, terminal, output);
}

}  // namespace datong::cli
