// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/engine_health.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/pipeline/lane_commit.h"

namespace datong::node {

std::vector<broker::PlaceOfReader> PlacesOfReaders(ExchangeState& state) {
  std::vector<broker::PlaceOfReader> places;
  // Who follows others' work must look first: a place that is long passed would be warned about. An engine that is away
  // has its own warnings.
  bool answers = state.receipts_tail.Follow().ok();
  const auto catalog = state.Catalog();
  for (uint32_t lane = 0; lane < state.lanes.size(); ++lane) {
    answers = answers && state.lanes[lane]->CatchUp().ok();
    state.lanes[lane]->Inspect([&](const pipeline::LaneView& view) {
      for (const auto& [input, at] : view.state.inputs) {
        const catalog::Resource* resource = catalog->FindResource(input.first);
        if (resource == nullptr) continue;
        places.push_back({absl::StrCat("lane ", lane), {resource->publish_topic(), input.second}, at.next});
      }
    });
  }
  for (const auto& [id, subscription] : catalog->subscriptions()) {
    const catalog::View* view = catalog->FindView(subscription.view_id);
    if (view == nullptr || !subscription.active) continue;
    const ReceiptState receipt = state.ReceiptOf(id);
    const std::string reader = absl::StrCat("subscription ", subscription.name);
    if (!receipt.in_stream) places.push_back({reader, {pipeline::AgainTopic(id), 0}, receipt.again_next});
    places.push_back({reader, {view->stream_topic(), 0}, receipt.stream_next});
  }
  return places;
}

absl::StatusOr<std::vector<broker::HealthWarning>> AskEngineHealth(ExchangeState& state) {
  return state.options.broker->Health(PlacesOfReaders(state));
}

}  // namespace datong::node
