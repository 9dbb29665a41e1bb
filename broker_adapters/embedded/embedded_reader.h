// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "broker_adapters/embedded/embedded_engine.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

// Reads rows in order up to the visible end. At the end a Poll() touches no row and no file.
class EmbeddedReader final : public broker::Reader {
 public:
  EmbeddedReader(EmbeddedEngine& engine, const TopicState& topic, uint32_t partition, broker::Position next)
      : engine_(engine), topic_(topic), partition_(partition), next_(next) {}

  absl::StatusOr<std::vector<broker::Message>> Poll(const broker::ReadLimits& limits) override;
  void Seek(broker::Position next) override { next_ = next; }
  broker::Position next() const override { return next_; }

 private:
  absl::Status CheckKept() const;

  EmbeddedEngine& engine_;
  const TopicState& topic_;
  const uint32_t partition_;
  broker::Position next_;
};

}  // namespace datong::embedded
