// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <tuple>

#include "broker_adapters/embedded/segment_block.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

// Recently stored or read bodies, so that readers close behind the writers share their memory instead of reading files.
// It also knows where a body of a writer was stored, as long as it holds it. Thread-safe.
class BodyCache {
 public:
  explicit BodyCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  void Insert(broker::TopicKind kind, const BlockLocation& at, const broker::Body& body);
  std::optional<broker::Body> Find(broker::TopicKind kind, const BlockLocation& at);
  // Where this very body (not an equal one) is stored.
  std::optional<BlockLocation> LocationOf(broker::TopicKind kind, const broker::Body& body);

 private:
  using Place = std::tuple<uint8_t, uint32_t, uint64_t>;  // kind, segment, offset
  using Identity = std::pair<uint8_t, const void*>;  // kind, Body::identity(): unique while an entry holds the body
  struct Entry {
    Place place;
    Identity identity;
    BlockLocation at;
    broker::Body body;
  };

  void Evict();

  const size_t bytes_max_;
  std::mutex mutex_;
  size_t bytes_ = 0;
  std::list<Entry> recent_;  // most recently used first
  absl::flat_hash_map<Place, std::list<Entry>::iterator> by_place_;
  absl::flat_hash_map<Identity, std::list<Entry>::iterator> by_identity_;
};

}  // namespace datong::embedded
