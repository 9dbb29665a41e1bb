// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "cli/connector_factory.h"
#include "cli/exchange_holder.h"
#include "exchange_core/base/scheduler.h"

namespace datong::cli {

// Keeps the catalog's connectors at work beside the exchange: starts new ones, stops retired ones, starts changed ones
// anew, and says a line about what becomes of each. A worker itself: it looks at the catalog a few times a second.
class ConnectorHost final : public base::Worker {
 public:
  using Wanted = std::function<bool(const catalog::Connector&)>;
  using Log = std::function<void(const std::string&)>;

  // `log`: called from a worker's thread. `wanted` chooses among the catalog's connectors.
  ConnectorHost(ExchangeHolder& holder, Wanted wanted, Log log);
  ~ConnectorHost() override { StopAll(); }

  void Start();    // once
  void StopAll();  // returns when no connector works any more; OK to call twice

  std::string_view Name() const override { return "connectors"; }
  base::StepResult Step() override;

  enum class SinkState { kNone, kWorking, kFailed };
  SinkState SinkOf(const std::string& subscription);  // thread-safe

 private:
  struct Hosted {
    catalog::Connector connector;
    std::unique_ptr<runner::SourceRunner> source;
    std::unique_ptr<runner::SinkRunner> sink;
    std::string told;  // the last line about it
    bool failed = false;
  };

  void Begin(const catalog::Connector& connector);
  void End(Hosted& hosted);
  void TellState(Hosted& hosted);
  void Tell(Hosted& hosted, std::string state);

  ExchangeHolder& holder_;
  const ConnectorPlace place_;
  const Wanted wanted_;
  const Log log_;
  bool started_ = false;
  std::mutex mutex_;
  std::map<uint32_t, Hosted> hosted_;  // by connector id; guarded by mutex_
};

}  // namespace datong::cli
