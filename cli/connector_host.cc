// SPDX-License-Identifier: Apache-2.0
#include "cli/connector_host.h"

#include <absl/strings/str_cat.h>

#include <mutex>
#include <utility>
#include <vector>

#include "exchange_core/admin/problem.h"

namespace datong::cli {
namespace {

constexpr base::TimeUs kLookEveryUs = 250'000;

bool SameWork(const catalog::Connector& a, const catalog::Connector& b) {
  return a.name == b.name && a.kind == b.kind && a.sink == b.sink && a.resource == b.resource &&
         a.subscription == b.subscription && a.options == b.options;
}

std::string StateOf(const runner::SourceProgress& progress) {
  using State = runner::SourceProgress::State;
  const std::string failed_units =
      progress.units_failed == 0
          ? std::string()
          : absl::StrCat(", ", progress.units_failed, " failed, the last one: ", progress.unit_failure);
  switch (progress.state) {
    case State::kFailed:
      return "failed: " + progress.error.Text();
    case State::kFinished:
      return absl::StrCat("finished: ", progress.units_complete, " files, ", progress.rows_published, " rows",
                          failed_units);
    case State::kWaiting:
      if (!progress.error.code.empty()) return "waits: " + progress.error.Text();
      return absl::StrCat("idle: ", progress.units_complete, " files, ", progress.rows_published, " rows",
                          failed_units);
    case State::kRunning:
      return "reads " + progress.unit + failed_units;
  }
  return "";
}

// Sinks go back and forth between working and idle all the time: only trouble is worth a line.
std::string StateOf(const runner::SinkProgress& progress) {
  using State = runner::SinkProgress::State;
  if (progress.state == State::kFailed) return "failed: " + progress.error.Text();
  if (progress.state == State::kWaiting && !progress.error.code.empty()) return "waits: " + progress.error.Text();
  return "works";
}

}  // namespace

ConnectorHost::ConnectorHost(ExchangeHolder& holder, Wanted wanted, Log log)
    : holder_(holder), wanted_(std::move(wanted)), log_(std::move(log)) {}

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
    auto sink = NewSink(connector, holder_);
    made = sink.status();
    if (sink.ok()) hosted.sink = *std::move(sink);
  } else {
    auto source = NewSource(connector, holder_);
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
    if (progress.state == runner::SourceProgress::State::kRunning && progress.unit.empty()) return;
    Tell(hosted, StateOf(progress));
  } else if (hosted.sink != nullptr) {
    const runner::SinkProgress progress = hosted.sink->progress();
    hosted.failed = progress.state == runner::SinkProgress::State::kFailed;
    Tell(hosted, StateOf(progress));
  }
}

void ConnectorHost::Tell(Hosted& hosted, std::string state) {
  if (state == hosted.told) return;
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
