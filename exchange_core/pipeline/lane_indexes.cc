// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/lane_indexes.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

namespace datong::pipeline {
namespace {

constexpr base::TimeUs kDefaultWindowUs = base::TimeUs{30} * 24 * 3600 * 1'000'000;

}  // namespace

base::TimeUs WindowOf(const catalog::CatalogTable& catalog, uint32_t resource_id) {
  const catalog::Resource* resource = catalog.FindResource(resource_id);
  return resource != nullptr && resource->window_us > 0 ? resource->window_us : kDefaultWindowUs;
}

index::EntityIndex& LaneIndexes::Entity(uint32_t resource_id, uint32_t partition) {
  auto& index = entities_[{resource_id, partition}];
  if (index == nullptr) index = std::make_unique<index::EntityIndex>(salt_);
  return *index;
}

index::EventIndex& LaneIndexes::Event(uint32_t resource_id, uint32_t partition, base::TimeUs window_us) {
  auto& index = events_[{resource_id, partition}];
  if (index == nullptr) index = std::make_unique<index::EventIndex>(window_us, salt_);
  return *index;
}

const index::EntityIndex* LaneIndexes::FindEntity(uint32_t resource_id, uint32_t partition) const {
  const auto it = entities_.find({resource_id, partition});
  return it == entities_.end() ? nullptr : it->second.get();
}

const index::EntityIndex& LaneIndexes::SeeEntity(uint32_t resource_id, uint32_t partition) const {
  static const index::EntityIndex nothing;
  const index::EntityIndex* index = FindEntity(resource_id, partition);
  return index == nullptr ? nothing : *index;
}

const index::EventIndex* LaneIndexes::FindEvent(uint32_t resource_id, uint32_t partition) const {
  const auto it = events_.find({resource_id, partition});
  return it == events_.end() ? nullptr : it->second.get();
}

std::vector<std::pair<uint32_t, const index::EntityIndex*>> LaneIndexes::EntitiesOf(uint32_t resource_id) const {
  std::vector<std::pair<uint32_t, const index::EntityIndex*>> found;
  for (auto it = entities_.lower_bound({resource_id, 0}); it != entities_.end() && it->first.first == resource_id;
       ++it) {
    found.emplace_back(it->first.second, it->second.get());
  }
  return found;
}

void LaneIndexes::Clear() {
  entities_.clear();
  events_.clear();
}

void LaneIndexes::AppendSections(std::vector<index::CheckpointSection>& sections) const {
  for (const auto& [place, index] : entities_) {
    auto& section = sections.emplace_back();
    section.name = absl::StrCat("entity/", place.first, "/", place.second);
    index->Serialize(section.content);
  }
  for (const auto& [place, index] : events_) {
    auto& section = sections.emplace_back();
    section.name = absl::StrCat("event/", place.first, "/", place.second);
    index->Serialize(section.content);
  }
}

absl::Status LaneIndexes::LoadSection(const index::CheckpointSection& section, const catalog::CatalogTable& catalog) {
  const std::vector<std::string> parts = absl::StrSplit(section.name, '/');
  uint32_t resource = 0;
  uint32_t partition = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &resource) || !absl::SimpleAtoi(parts[2], &partition)) {
    return absl::DataLossError(absl::StrCat("checkpoint section \"", section.name, "\" is not known"));
  }
  if (parts[0] == "entity") return Entity(resource, partition).Load(section.content);
  if (parts[0] == "event") return Event(resource, partition, WindowOf(catalog, resource)).Load(section.content);
  return absl::DataLossError(absl::StrCat("checkpoint section \"", section.name, "\" is not known"));
}

}  // namespace datong::pipeline
