// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/catalog_follower.h"

#include <absl/strings/str_cat.h>

#include <memory>
#include <string_view>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/node/needed_topics.h"

namespace datong::node {

CatalogFollower::CatalogFollower(ExchangeState& state)
    : state_(state), tail_(*state.options.broker, kCatalogTopic, [this](std::string_view body) {
        return catalog::ApplyFramed(body, read_);
      }) {}

absl::Status CatalogFollower::CatchUp() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(tail_.CatchUp());
  return TakeEffect();
}

absl::Status CatalogFollower::Follow() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(tail_.Follow());
  return TakeEffect();
}

absl::Status CatalogFollower::TakeEffect() {
  if (read_.version() == state_.Catalog()->version()) return absl::OkStatus();
  if (const absl::Status made = CreateTopics(*state_.options.broker, TopicsOf(read_)); !made.ok()) {
    return absl::Status(made.code(),
                        absl::StrCat("the catalog change is stored, but takes effect only after a restart or "
                                     "the next apply, because its topics could not be made: ",
                                     made.message()));
  }
  auto table = std::make_shared<const catalog::CatalogTable>(read_);
  {
    const std::lock_guard tables(state_.tables);
    state_.catalog = std::move(table);
  }
  state_.options.scheduler->WakeAll();
  return absl::OkStatus();
}

}  // namespace datong::node
