// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/runner/hand_over.h"
#include "connectors/sdk/source_connector.h"
#include "connectors/sdk/status.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/scheduler.h"

namespace datong::runner {

// Reads a source ahead: the next Read is under way while the SourceRunner packs what the last one gave. One at a time.
// Where rows are remembered it signs them as well, so that both threads have about as much to do. While it is at work
// no other call of the connector may be made; calls so come one at a time, from changing threads.
class SourceReader final : public base::Worker {
 public:
  // `runner` is woken when a Read has ended; both are in `scheduler`.
  SourceReader(std::string name, bool signs, sdk::SourceConnector& connector, base::Worker& runner,
               base::Scheduler& scheduler)
      : name_(std::move(name)), signs_(signs), connector_(connector), runner_(runner), scheduler_(scheduler) {}

  // --- the runner's side: one thread ---
  struct SignedRead {
    sdk::SourceRead read;
    sdk::Status status = sdk::Status::Ok();
    std::vector<base::Digest> signatures;  // of the rows, when it signs
  };
  bool AtWork() const { return reads_.AtWork(); }                       // from Ask until the Read was taken
  void Ask(std::unique_ptr<SignedRead> into);                           // not while at work
  std::unique_ptr<SignedRead> TakeRead() { return reads_.TakeBack(); }  // null: it has not ended, or there is none

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;

 private:
  const std::string name_;
  const bool signs_;
  sdk::SourceConnector& connector_;
  base::Worker& runner_;
  base::Scheduler& scheduler_;
  HandOver<SignedRead> reads_;
};

}  // namespace datong::runner
