// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/body_cache.h"

namespace datong::embedded {

void BodyCache::Insert(broker::TopicKind kind, const BlockLocation& at, const broker::Body& body) {
  if (body.bytes().size() > bytes_max_) return;
  const Place place(static_cast<uint8_t>(kind), at.segment, at.offset);
  const Identity identity(static_cast<uint8_t>(kind), body.identity());
  const std::lock_guard lock(mutex_);
  if (by_place_.contains(place) || by_identity_.contains(identity)) return;
  recent_.push_front({place, identity, at, body});
  by_place_[place] = recent_.begin();
  by_identity_[identity] = recent_.begin();
  bytes_ += body.bytes().size();
  while (bytes_ > bytes_max_) Evict();
}

std::optional<broker::Body> BodyCache::Find(broker::TopicKind kind, const BlockLocation& at) {
  const std::lock_guard lock(mutex_);
  const auto it = by_place_.find(Place(static_cast<uint8_t>(kind), at.segment, at.offset));
  if (it == by_place_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, it->second);
  return it->second->body;
}

std::optional<BlockLocation> BodyCache::LocationOf(broker::TopicKind kind, const broker::Body& body) {
  const std::lock_guard lock(mutex_);
  const auto it = by_identity_.find(Identity(static_cast<uint8_t>(kind), body.identity()));
  if (it == by_identity_.end()) return std::nullopt;
  return it->second->at;
}

void BodyCache::Evict() {
  const Entry& oldest = recent_.back();
  bytes_ -= oldest.body.bytes().size();
  by_place_.erase(oldest.place);
  by_identity_.erase(oldest.identity);
  recent_.pop_back();
}

}  // namespace datong::embedded
