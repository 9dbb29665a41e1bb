// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/file/file_sink.h"
#include "connectors/file/file_source.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/base/random.h"
#include "tests/support/fake_exchange_client.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

// What the runner's tests share: a clock that moves when told, a register of three items.
namespace datong::runner {

class ManualClock final : public base::Clock {
 public:
  base::TimeUs Now() override { return now; }
  base::TimeUs now = 1'700'000'000'000'000;
};

inline client::ResourceInfo Register(uint32_t partitions) {
  client::ResourceInfo resource;
  resource.schema.resource = "company";
  resource.schema.resource_id = 3;
  resource.schema.version = 1;
  resource.schema.items = {{"code", 1}, {"名称", 2}, {"capital", 3, record::ItemType::kInt64}};
  resource.schema.key_items = {0};
  resource.domain_key.id = 1;
  resource.partitions = partitions;
  resource.provider_id = 5;
  return resource;
}

}  // namespace datong::runner
