// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string_view>
#include <utility>

#include "broker_adapters/kafka/topic_administration.h"
#include "cli/command.h"
#include "cli/kafka_engine.h"
#include "cli/row_table.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/needed_topics.h"

namespace datong::cli {
namespace {

using kafka::TopicDifference;

constexpr uint64_t kCatalogBytesMax = uint64_t{64} << 20;

const char* NameOf(broker::TopicKind kind) {
  switch (kind) {
    case broker::TopicKind::kRecords:
      return "records";
    case broker::TopicKind::kLedger:
      return "ledger";
    case broker::TopicKind::kControl:
      return "control";
  }
  return "";
}

const char* NameOf(TopicDifference::Remedy remedy) {
  switch (remedy) {
    case TopicDifference::Remedy::kCreate:
      return "create";
    case TopicDifference::Remedy::kSet:
      return "set";
    case TopicDifference::Remedy::kByHand:
      return "by hand";
  }
  return "";
}

std::string StateOf(const kafka::PlannedTopic& topic) {
  if (!topic.found.has_value()) return topic.differences.front().done ? "created" : "missing";
  bool all_done = !topic.differences.empty();
  for (const TopicDifference& one : topic.differences) all_done = all_done && one.done;
  return topic.differences.empty() ? "as planned" : all_done ? "set" : "differs";
}

admin::Json RowOf(const kafka::PlannedTopic& topic, const std::string& purpose) {
  admin::Json settings = admin::Json::array();
  for (const kafka::TopicSetting& one : kafka::TopicSettings(topic.options.kind, topic.replication)) {
    admin::Json found = nullptr;
    if (topic.found.has_value()) {
      const auto it = topic.found->configuration.find(one.name);
      if (it != topic.found->configuration.end()) found = it->second.value;
    }
    settings.push_back({{"setting", one.name}, {"planned", one.value}, {"found", found}, {"why", one.why}});
  }
  admin::Json differences = admin::Json::array();
  for (const TopicDifference& one : topic.differences) {
    differences.push_back({{"what", one.what},
                           {"found", one.found},
                           {"planned", one.planned},
                           {"remedy", NameOf(one.remedy)},
                           {"done", one.done},
                           {"next", one.next}});
  }
  const auto found_number = [&](auto number) { return topic.found.has_value() ? admin::Json(number) : admin::Json(); };
  return {{"topic", topic.kafka_topic},
          {"kind", NameOf(topic.options.kind)},
          {"purpose", purpose},
          {"state", StateOf(topic)},
          {"partitions", topic.options.partitions},
          {"partitions_found", found_number(topic.found.has_value() ? topic.found->partitions : 0)},
          {"replicas", topic.replication.replicas},
          {"replicas_found", found_number(topic.found.has_value() ? topic.found->replicas : 0)},
          {"settings", std::move(settings)},
          {"differences", std::move(differences)}};
}

admin::Json UnplannedRow(const std::string& kafka_topic) {
  return {{"topic", kafka_topic},
          {"kind", ""},
          {"purpose", "of something retired, or not of this catalog; it is left alone"},
          {"state", "not planned"},
          {"partitions", nullptr},
          {"partitions_found", nullptr},
          {"replicas", nullptr},
          {"replicas_found", nullptr},
          {"settings", admin::Json::array()},
          {"differences", admin::Json::array()}};
}

// Three tables: the topics; what each setting is for, once per kind; and what differs.
class TopicTables final : public RowPrinter {
 public:
  explicit TopicTables(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    topics_.push_back(row);
    const std::string kind = TextAt(row, "kind");
    for (const admin::Json& one : row.at("settings")) AddSetting(kind, one);
    for (const admin::Json& one : row.at("differences")) {
      differences_.push_back(one);
      differences_.back()["topic"] = TextAt(row, "topic");
    }
  }
  void Finish(const admin::Json& summary) override {
    const size_t width = session_.terminal().out_width;
    Output& out = session_.output();
    if (topics_.empty()) return out.Write("The embedded engine keeps its topics in the directory: nothing to plan.\n");
    out.Write(RenderRows(
        topics_,
        {TextColumn("TOPIC", "topic"), TextColumn("KIND", "kind"), NumberColumn("PARTITIONS", "partitions"),
         NumberColumn("REPLICAS", "replicas"), TextColumn("STATE", "state"), TextColumn("WHAT IT IS FOR", "purpose")},
        width));
    out.Write("\n");
    out.Write(RenderRows(settings_,
                         {TextColumn("SETTING", "setting"), TextColumn("OF", "of"), TextColumn("VALUE", "planned"),
                          TextColumn("WHY", "why")},
                         width));
    if (!differences_.empty()) {
      out.Write("\n");
      out.Write(RenderRows(differences_,
                           {TextColumn("TOPIC", "topic"),
                            TextColumn("DIFFERS", "what"),
                            TextColumn("FOUND", "found"),
                            TextColumn("PLANNED", "planned"),
                            {"REMEDY", Align::kLeft, RemedyText}},
                           width));
    }
    out.Write("\n" + SummaryText(summary) + "\n");
  }

 private:
  // A setting with one value and reason for several kinds stands in one line.
  void AddSetting(const std::string& kind, const admin::Json& setting) {
    for (admin::Json& known : settings_) {
      if (known["setting"] != setting["setting"] || known["planned"] != setting["planned"] ||
          known["why"] != setting["why"]) {
        continue;
      }
      const std::string of = TextAt(known, "of");
      if (of.find(kind) == std::string::npos) known["of"] = of + ", " + kind;
      return;
    }
    settings_.push_back(setting);
    settings_.back()["of"] = kind;
  }

  static std::string RemedyText(const admin::Json& row) {
    const std::string remedy = TextAt(row, "remedy");
    if (FlagAt(row, "done")) return remedy == "create" ? "created" : "set";
    return remedy == "by hand" ? "by hand: " + TextAt(row, "next") : "`datong topics apply`";
  }

  static std::string SummaryText(const admin::Json& summary) {
    std::string text =
        absl::StrCat("brokers: ", TextAt(summary, "brokers"), ", replicas: ", TextAt(summary, "replication_factor"),
                     ", in sync before a commit: ", TextAt(summary, "min_insync_replicas"), ". ");
    const uint64_t left = NumberAt(summary, "differing");
    if (left == 0) return text + "The cluster is as planned.";
    return absl::StrCat(text, left, left == 1 ? " topic is" : " topics are", " not as planned.");
  }

  Session& session_;
  std::vector<admin::Json> topics_, settings_, differences_;
};

class TopicsCommand final : public Command {
 public:
  explicit TopicsCommand(bool apply) : apply_(apply) {}
  std::string_view name() const override { return apply_ ? "topics apply" : "topics plan"; }
  std::string_view summary() const override {
    return apply_ ? "Creates topics that are missing and sets what differs; deletes nothing"
                  : "Every topic on Kafka, with each setting and why; what differs in the cluster; changes nothing";
  }
  std::string_view example() const override {
    return apply_ ? "datong topics apply --replication-factor 3 -d /var/lib/datong"
                  : "datong topics plan -f catalog.yaml -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    if (!apply_) app.add_option("-f,--file", file_, "With what this catalog file would add, were it applied");
  }

  int Run(Session& session) override {
    const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::make_unique<TopicTables>(session));
    const absl::StatusOr<admin::Json> summary = PlanOrApply(session, *printer);
    if (!summary.ok()) return Fail(session, summary.status());
    printer->Finish(*summary);
    session.output().Flush();
    if (NumberAt(*summary, "differing") == 0) return 0;
    return Fail(session, admin::ToStatus({.code = admin::Code::kTopicsDiffer,
                                          .what = "topics of the cluster are not as planned",
                                          .where = session.settings().directory,
                                          .next = apply_ ? "what is left has to be done by hand: the table says what"
                                                         : "`datong topics apply` does what may be done from here"}));
  }

 private:
  absl::StatusOr<admin::Json> PlanOrApply(Session& session, RowPrinter& printer) {
    const Ground& ground = session.ground();
    const std::string& directory = session.settings().directory;
    ASSIGN_OR_RETURN(const EngineChoice choice, ChooseEngine(ground.files, directory, session.settings().engine));
    ASSIGN_OR_RETURN(const bool there, HoldsExchange(ground, directory));
    if (!there && !choice.kafka) {
      return admin::ToStatus({.code = admin::Code::kNoExchangeHere,
                              .what = "there is no exchange in this directory",
                              .where = directory,
                              .next = "give the directory of an exchange, or say --engine kafka for a new one"});
    }
    if (!choice.kafka) return admin::Json{{"engine", "embedded"}, {"topics", 0}, {"differing", 0}};
    absl::StatusOr<admin::Json> summary = OnKafka(ground, choice, printer);
    if (!summary.ok()) return ExplainCluster(summary.status(), choice);
    if (apply_ && there) RETURN_IF_ERROR(KeepEngineChoice(ground.files, directory, choice));
    return summary;
  }

  absl::StatusOr<admin::Json> OnKafka(const Ground& ground, const EngineChoice& choice, RowPrinter& printer) {
    ASSIGN_OR_RETURN(const kafka::KafkaOptions options, KafkaOptionsOf(ground, choice));
    ASSIGN_OR_RETURN(const std::vector<node::NeededTopic> needed, Needed(ground, options));
    kafka::TopicAdministration::Needed asked;
    for (const node::NeededTopic& one : needed) asked.emplace_back(one.topic, one.options);
    ASSIGN_OR_RETURN(const auto administration, kafka::TopicAdministration::Open(options));
    ASSIGN_OR_RETURN(kafka::TopicPlan plan, administration->Plan(asked));
    if (apply_) RETURN_IF_ERROR(administration->CarryOut(plan));
    uint64_t differing = 0;
    for (size_t i = 0; i < plan.topics.size(); ++i) {
      const std::string state = StateOf(plan.topics[i]);
      differing += state == "missing" || state == "differs" ? 1 : 0;
      printer.Row(RowOf(plan.topics[i], needed[i].purpose));
    }
    for (const std::string& one : plan.unplanned) printer.Row(UnplannedRow(one));
    return admin::Json{{"engine", "kafka"},
                       {"exchange", choice.exchange},
                       {"brokers", plan.brokers},
                       {"replication_factor", plan.replication.replicas},
                       {"min_insync_replicas", plan.replication.min_insync},
                       {"topics", plan.topics.size()},
                       {"differing", differing}};
  }

  // The catalog is read from its topic: whoever works on the exchange need not be asked, nor stopped.
  absl::StatusOr<std::vector<node::NeededTopic>> Needed(const Ground& ground, const kafka::KafkaOptions& options) {
    ASSIGN_OR_RETURN(const auto broker, kafka::OpenKafkaBroker(options));
    if (apply_) RETURN_IF_ERROR(node::LedgerWasNotDeleted(*broker));
    catalog::CatalogTable catalog;
    const absl::Status replayed = node::ReplayControlTopic(
        *broker, node::kCatalogTopic, [&](std::string_view body) { return catalog::ApplyFramed(body, catalog); });
    if (!replayed.ok() && !absl::IsNotFound(replayed)) return replayed;
    if (!file_.empty()) RETURN_IF_ERROR(AddFile(ground, catalog));
    const auto ledger = broker->DescribeTopic(ledger::kLedgerTopic);
    std::vector<node::NeededTopic> needed =
        node::OwnTopics(ledger.ok() ? ledger->partitions : uint32_t{base::kLanesDefault});
    for (auto more : {node::TopicsOfMembership(), node::TopicsOf(catalog)}) {
      needed.insert(needed.end(), more.begin(), more.end());
    }
    return needed;
  }

  absl::Status AddFile(const Ground& ground, catalog::CatalogTable& catalog) {
    const auto yaml = base::ReadWholeFile(ground.files, file_, kCatalogBytesMax);
    if (!yaml.ok()) {
      return admin::ToStatus({.code = admin::Code::kCatalogFileUnreadable,
                              .what = "the catalog file cannot be read",
                              .where = file_,
                              .why = std::string(yaml.status().message())});
    }
    const catalog::PlannedChange planned = catalog::PlanChange(*yaml, catalog, ground.clock.Now(), "", ground.random);
    if (!planned.findings.empty()) {
      return admin::ToStatus({.code = admin::Code::kCatalogFinding,
                              .what = planned.findings.front().message,
                              .where = absl::StrCat(file_, ":", planned.findings.front().line),
                              .next = "`datong apply --dry-run` shows all mistakes"});
    }
    return planned.framed_change.empty() ? absl::OkStatus() : catalog::ApplyFramed(planned.framed_change, catalog);
  }

  const bool apply_;
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> NewTopicsPlanCommand() { return std::make_unique<TopicsCommand>(false); }
std::unique_ptr<Command> NewTopicsApplyCommand() { return std::make_unique<TopicsCommand>(true); }

}  // namespace datong::cli
