// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/runner/hand_over.h"
#include "connectors/runner/recalled_rows.h"
#include "connectors/runner/remembered_rows.h"
#include "connectors/sdk/source_connector.h"
#include "connectors/sdk/status.h"
#include "exchange_core/base/scheduler.h"

namespace datong::runner {

// Reads a source ahead: the next Read is under way while the SourceRunner packs what the last one gave. One at a time.
// Where rows are remembered it signs and recalls them as well, and only those that are not recalled are parsed. While
// it is at work no other call of the connector may be made; calls so come one at a time, from changing threads.
class SourceReader final : public base::Worker {
 public:
  // `runner` is woken when a Read has ended; both are in `scheduler`.
  SourceReader(std::string name, bool recalls, sdk::SourceConnector& connector, base::Worker& runner,
               base::Scheduler& scheduler)
      : name_(std::move(name)), recalls_(recalls), connector_(connector), runner_(runner), scheduler_(scheduler) {}

  // --- the runner's side: one thread ---
  struct RecalledRead {
    sdk::SourceRead read;
    sdk::Status status = sdk::Status::Ok();
    RecalledRows recalled;  // of the rows, when it recalls
  };
  bool AtWork() const { return reads_.AtWork(); }                         // from Ask until the Read was taken
  void Ask(std::unique_ptr<RecalledRead> into);                           // not while at work
  std::unique_ptr<RecalledRead> TakeRead() { return reads_.TakeBack(); }  // null: it has not ended, or there is none
  // Not while at work. From what the rows of the unit are recalled that the last Read began, null: from nothing. The
  // Reads up to its end are asked after that; rows that came with its beginning are not recalled.
  void BeginUnit(std::unique_ptr<RememberedRows> remembered) { remembered_ = std::move(remembered); }

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;

 private:
  void Recall(RecalledRead& ended);

  const std::string name_;
  const bool recalls_;
  sdk::SourceConnector& connector_;
  base::Worker& runner_;
  base::Scheduler& scheduler_;
  HandOver<RecalledRead> reads_;
  // Of the unit at hand; the runner's between two Reads.
  bool by_raw_ = false;
  std::unique_ptr<RememberedRows> remembered_;
};

}  // namespace datong::runner
