// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "broker_adapters/kafka/kafka_appender.h"
#include "broker_adapters/kafka/kafka_broker.h"
#include "cli/command.h"
#include "cli/connector_factory.h"
#include "cli/connector_state.h"
#include "cli/credentials.h"
#include "cli/finding_problem.h"
#include "cli/kafka_engine.h"
#include "cli/log_line.h"
#include "cli/stop_signals.h"
#include "connectors/runner/back_off.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/agency/remote_exchange.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/agency_yaml.h"

namespace datong::cli {
namespace {

constexpr uint64_t kFileBytesMax = uint64_t{1} << 20;
constexpr int64_t kLookMs = 250;
constexpr base::TimeUs kProgressEveryUs = 10'000'000;
constexpr auto kBetweenLooks = std::chrono::milliseconds(5);  // for an answer

// A department's connector: speaks to the exchange over the cluster as the department's own user.
class Agency {
 public:
  Agency(const Ground& ground, catalog::AgencyFile file, kafka::KafkaOptions engine)
      : ground_(ground), file_(std::move(file)), engine_(std::move(engine)) {}
  ~Agency() {
    if (scheduler_ == nullptr) return;
    if (source_ != nullptr) scheduler_->Remove(*source_);
    if (sink_ != nullptr) scheduler_->Remove(*sink_);
  }

  // Until it is finished, cannot go on (an error), or is to stop.
  absl::Status Run() {
    Log(absl::StrCat("process ", getpid(), ", exchange ", file_.exchange, " on ", file_.bootstrap_servers));
    RETURN_IF_ERROR(Connect());
    if (StopRequested()) return absl::OkStatus();
    RETURN_IF_ERROR(Begin());
    return Watch();
  }

 private:
  void Log(const std::string& line) {
    LogLine(ground_.clock, absl::StrCat(file_.connector.sink ? "sink " : "source ", file_.connector.name, ": ", line));
  }
  void LogOnce(const std::string& line) {
    if (line.empty() || line == told_) return;
    told_ = line;
    Log(line);
  }

  // Waits with words until `attempt` comes to something that waiting does not mend, or the end is asked for.
  template <typename Attempt>
  absl::Status Insist(Attempt attempt) {
    runner::BackOff back_off(ground_.random);
    while (true) {
      const absl::Status done = attempt();
      const runner::RunnerError error = runner::RunnerError::From(done);
      if (done.ok() || !error.retryable) return done;
      if (StopRequested()) return absl::OkStatus();
      LogOnce("waits: " + error.Text());
      if (!WaitUnlessStopped(back_off.Next() / 1000)) return absl::OkStatus();
    }
  }

  absl::Status Connect() {
    RETURN_IF_ERROR(Insist([&]() -> absl::Status {
      ASSIGN_OR_RETURN(broker_, kafka::OpenKafkaBroker(engine_));
      return absl::OkStatus();
    }));
    if (broker_ == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(appender_, kafka::OpenKafkaAppender(engine_));
    agency::AgencyOptions options;
    options.broker = broker_.get();
    options.appender = appender_.get();
    options.clock = &ground_.clock;
    options.instance = ground_.random.Next() | 1;
    options.connector = file_.connector.name;
    options.stopping = StopRequested;
    options.pause = [] { std::this_thread::sleep_for(kBetweenLooks); };
    exchange_ = std::make_unique<agency::RemoteExchange>(std::move(options));
    scheduler_ = base::NewThreadScheduler(ground_.clock);
    return absl::OkStatus();
  }

  absl::Status Begin() {
    // What it would remember only serves to leave rows out, and none is left out from here.
    const ConnectorPlace place{ground_, *exchange_, *scheduler_, ""};
    if (file_.connector.sink) {
      ASSIGN_OR_RETURN(sink_, NewSink(file_.connector, place));
      scheduler_->Add(*sink_);
      return absl::OkStatus();
    }
    std::optional<client::ResourceInfo> resource;
    RETURN_IF_ERROR(Insist([&]() -> absl::Status {
      ASSIGN_OR_RETURN(resource, exchange_->DescribeResource(file_.connector.resource));
      return absl::OkStatus();
    }));
    if (!resource) return absl::OkStatus();
    const bool entity = resource->schema.kind == record::ResourceKind::kEntity;
    ASSIGN_OR_RETURN(source_, NewSource(file_.connector, entity, place));
    scheduler_->Add(*source_);
    return absl::OkStatus();
  }

  // The error that ended the runner; nothing while it works.
  static std::optional<absl::Status> EndOf(const runner::RunnerError& error, bool failed, bool finished) {
    if (finished) return absl::OkStatus();
    if (!failed) return std::nullopt;
    const bool taken = error.code == "fenced";
    if (error.code == "not_accepted") return absl::UnauthenticatedError(error.message);
    return admin::ToStatus(
        {.code = taken ? admin::Code::kConnectorTaken : admin::Code::kConnectorStopped,
         .what = taken ? "another process runs this connector now" : "the connector cannot go on",
         .where = error.code,
         .why = error.message,
         .next = taken ? "let one of the two run; what either has published or acknowledged stands" : error.hint});
  }

  absl::Status Watch() {
    base::TimeUs progress_at = ground_.clock.Steady() + kProgressEveryUs;
    std::string progress_told;
    while (WaitUnlessStopped(kLookMs)) {
      std::string numbers;
      std::optional<absl::Status> end;
      if (source_ != nullptr) {
        using State = runner::SourceProgress::State;
        const runner::SourceProgress now = source_->progress();
        LogOnce(StateOf(now));
        end = EndOf(now.error, now.state == State::kFailed, now.state == State::kFinished);
        numbers = absl::StrCat(now.rows_published, " rows published, ", now.units_complete, " files complete, ",
                               now.units_failed, " failed");
      } else if (sink_ != nullptr) {
        const runner::SinkProgress now = sink_->progress();
        LogOnce(StateOf(now));
        end = EndOf(now.error, now.state == runner::SinkProgress::State::kFailed, false);
        numbers = absl::StrCat(now.applied, " records applied, ", now.refused, " refused");
      }
      if (end) return *end;
      if (ground_.clock.Steady() < progress_at) continue;
      progress_at = ground_.clock.Steady() + kProgressEveryUs;
      if (numbers == progress_told) continue;
      Log(numbers);
      progress_told = numbers;
    }
    Log("stopping");
    return absl::OkStatus();
  }

  const Ground ground_;
  const catalog::AgencyFile file_;
  const kafka::KafkaOptions engine_;
  std::string told_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<broker::Appender> appender_;
  std::unique_ptr<agency::RemoteExchange> exchange_;
  std::unique_ptr<base::Scheduler> scheduler_;
  std::unique_ptr<runner::SourceRunner> source_;
  std::unique_ptr<runner::SinkRunner> sink_;
};

class ConnectorRunCommand final : public Command {
 public:
  std::string_view name() const override { return "connector run"; }
  std::string_view summary() const override {
    return "Runs one connector at its department, on the Kafka cluster of an exchange, until SIGTERM or Ctrl-C";
  }
  std::string_view example() const override { return "datong connector run -f /etc/datong/connectors/companies.yaml"; }
  bool needs_directory() const override { return false; }
  void Declare(CLI::App& app) override {
    app.add_option("-f,--file", path_, "What it reads or writes, and as whom it speaks to which exchange (YAML)")
        ->required();
  }

  int Run(Session& session) override {
    const Ground& ground = session.ground();
    auto yaml = base::ReadWholeFile(ground.files, path_, kFileBytesMax);
    if (!yaml.ok()) {
      const bool denied = absl::IsPermissionDenied(yaml.status());
      return Fail(session, admin::ToStatus({.code = denied ? admin::Code::kDenied : admin::Code::kCatalogFileUnreadable,
                                            .what = "the connector's file cannot be read",
                                            .where = path_,
                                            .why = std::string(base::Std(yaml.status().message())),
                                            .next = "docs/kafka.md shows what stands in it"}));
    }
    catalog::Findings findings;
    catalog::AgencyFile file = catalog::ReadAgencyFile(*yaml, findings);
    int code = 0;
    for (const catalog::Finding& finding : findings.TakeInTextOrder()) {
      code = Fail(session, admin::ToStatus(ProblemOf(finding, path_, *yaml)));
    }
    if (code != 0) return code;

    EngineChoice choice;
    choice.kafka = true;
    choice.bootstrap_servers = file.bootstrap_servers;
    choice.exchange = file.exchange;
    auto engine = KafkaOptionsOf(ground, choice);
    if (!engine.ok()) return Fail(session, engine.status());
    std::string secrets;
    if (!file.kafka_config.empty()) {
      secrets = SecretPath(file.kafka_config, path_);
      auto properties = ReadSecretProperties(ground.files, secrets);
      if (!properties.ok()) return Fail(session, properties.status());
      engine->properties = *std::move(properties);
    }
    absl::Status ended;
    const std::string servers = file.bootstrap_servers;
    {
      Agency agency(ground, std::move(file), *std::move(engine));
      ended = agency.Run();
    }
    if (absl::IsUnauthenticated(ended)) {
      ended = ExplainNotAccepted(
          ended, servers, secrets.empty() ? "name a file with user and password in kafka_config" : "repair " + secrets);
    }
    if (!ended.ok()) return Fail(session, ended);
    LogLine(ground.clock, "stopped");
    return 0;
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<Command> NewConnectorRunCommand() { return std::make_unique<ConnectorRunCommand>(); }

}  // namespace datong::cli
