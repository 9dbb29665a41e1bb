// SPDX-License-Identifier: Apache-2.0
#include "cli/connector_host.h"

#include <absl/strings/str_cat.h>

#include <mutex>
#include <utility>
#include <vector>

#include "cli/connector_state.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/catalog/connector_yaml.h"

namespace datong::cli {
namespace {

constexpr base::TimeUs kLookEveryUs = 250'000;

bool SameWork(const catalog::Connector& a, const catalog::Connector& b) {
  return a.name == b.name && a.kind == b.kind && a.sink == b.sink && a.resource == b.resource &&
         a.subscription == b.subscription && a.options == b.options;
}

}  // namespace

ConnectorHost::ConnectorHost(ExchangeHolder& holder, Wanted wanted, Log log)
    : holder_(holder),
      place_{holder.ground(), holder.exchange().client(), holder.scheduler(), holder.row_memory_directory()},
      wanted_(std::move(wanted)),
      log_(std::move(log)) {}

void ConnectorHost::Start() {
  started_ = true;
  holder_.scheduler().Add(*this);
}

void ConnectorHost::StopAll() {
  if (!started_) return;
  started_ = false;
  holder_.scheduler().Remove(*this);
  const std::lock_guard lock(mutex_);
  for (auto& [id, hosted] : hosted_) End(hosted);
  hosted_.clear();
}

base::StepResult ConnectorHost::Step() {
  const auto table = holder_.exchange().catalog();
  const std::lock_guard lock(mutex_);
  std::vector<uint32_t> gone;
  for (auto& [id, hosted] : hosted_) {
    const auto now = table->connectors().find(id);
    if (now == table->connectors().end() || !SameWork(now->second, hosted.connector) || !wanted_(now->second)) {
      gone.push_back(id);
    }
  }
  for (const uint32_t id : gone) {
    Hosted& hosted = hosted_.at(id);
    End(hosted);
    Tell(hosted, wanted_(hosted.connector) ? "stopped: the catalog changed" : "stopped: another process leads");
    hosted_.erase(id);
  }
  for (const auto& [id, connector] : table->connectors()) {
    if (connector.kind == catalog::kAgencyConnector) continue;  // its department runs it
    if (!hosted_.contains(id) && wanted_(connector)) Begin(connector);
  }
  for (auto& [id, hosted] : hosted_) TellState(hosted);
  return base::StepResult::IdleUntil(holder_.ground().clock.Steady() + kLookEveryUs);
}

void ConnectorHost::Begin(const catalog::Connector& connector) {
  Hosted& hosted = hosted_[connector.id];
  hosted.connector = connector;
  absl::Status made;
  if (connector.sink) {
    auto sink = NewSink(connector, place_);
    made = sink.status();
    if (sink.ok()) hosted.sink = *std::move(sink);
  } else {
    // Events have no snapshots.
    const catalog::Resource* resource = holder_.exchange().catalog()->FindResource(connector.resource);
    const bool entity = resource != nullptr && resource->schema->kind == record::ResourceKind::kEntity;
    auto source = NewSource(connector, entity, place_);
    made = source.status();
    if (source.ok()) hosted.source = *std::move(source);
  }
  if (!made.ok()) {
    hosted.failed = true;
    const admin::Problem problem = admin::FromStatus(made);
    Tell(hosted, absl::StrCat("failed: ", problem.what, problem.why.empty() ? "" : ", ", problem.why));
    return;
  }
  Tell(hosted, "started");
  if (hosted.sink != nullptr) {
    holder_.scheduler().Add(*hosted.sink);
  } else {
    holder_.scheduler().Add(*hosted.source);
  }
}

void ConnectorHost::End(Hosted& hosted) {
  if (hosted.sink != nullptr) holder_.scheduler().Remove(*hosted.sink);
  if (hosted.source != nullptr) holder_.scheduler().Remove(*hosted.source);
  hosted.sink.reset();
  hosted.source.reset();
}

void ConnectorHost::TellState(Hosted& hosted) {
  if (hosted.source != nullptr) {
    const runner::SourceProgress progress = hosted.source->progress();
    hosted.failed = progress.state == runner::SourceProgress::State::kFailed;
    Tell(hosted, StateOf(progress));
  } else if (hosted.sink != nullptr) {
    const runner::SinkProgress progress = hosted.sink->progress();
    hosted.failed = progress.state == runner::SinkProgress::State::kFailed;
    Tell(hosted, StateOf(progress));
  }
}

void ConnectorHost::Tell(Hosted& hosted, std::string state) {
  if (state.empty() || state == hosted.told) return;
  hosted.told = std::move(state);
  log_(absl::StrCat(hosted.connector.sink ? "sink " : "source ", hosted.connector.name, ": ", hosted.told));
}

ConnectorHost::SinkState ConnectorHost::SinkOf(const std::string& subscription) {
  const std::lock_guard lock(mutex_);
  SinkState state = SinkState::kNone;
  for (const auto& [id, hosted] : hosted_) {
    if (!hosted.connector.sink || hosted.connector.subscription != subscription) continue;
    if (!hosted.failed) return SinkState::kWorking;
    state = SinkState::kFailed;
  }
  return state;
}

}  // namespace datong::cli
