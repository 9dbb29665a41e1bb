// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/source_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "datong/exchange/v1/source_journal.pb.h"

namespace datong::node {

absl::Status SourceTable::Apply(const exchange::v1::SourceEvent& event) {
  SourceState& source = sources_[event.source_id()];
  if (source.id == 0) {
    source.id = event.source_id();
    source.name = event.source();
    source.resource_id = event.resource_id();
  }
  source.position = event.position();

  if (event.has_registered()) return absl::OkStatus();
  if (event.has_begun()) {
    const auto& begun = event.begun();
    SourceRun& run = runs_[begun.run()];
    run.run = begun.run();
    run.source_id = event.source_id();
    run.resource_id = event.resource_id();
    run.file_sequence = begun.file_sequence();
    run.name = begun.name();
    run.identity = begun.identity();
    run.bytes_total = begun.bytes_total();
    run.full = begun.full();
    run.seen_before = begun.seen_before();
    run.snapshot = begun.snapshot();
    run.flows = begun.flows();
    run.as_of = begun.as_of();
    run.as_of_declared = begun.as_of_declared();
    run.as_of_from_items = begun.as_of_from_items();
    run.columns.assign(begun.columns().begin(), begun.columns().end());
    if (begun.snapshot()) source.last_snapshot = begun.run();
    run.begun_time = event.time();
    source.open_run = begun.run();
    uint32_t& highest = file_sequences_[event.resource_id()];
    highest = std::max(highest, begun.file_sequence());
    return absl::OkStatus();
  }

  const uint64_t number = event.has_progress() ? event.progress().run() : event.ended().run();
  const auto it = runs_.find(number);
  if (it == runs_.end()) {
    return absl::DataLossError(
        absl::StrCat("source journal: \"", event.source(), "\" speaks of run ", number, ", which never began"));
  }
  SourceRun& run = it->second;
  if (event.has_progress()) {
    published_[run.resource_id] += event.progress().rows_published() - run.rows_published;
    run.rows_published = event.progress().rows_published();
  } else {
    run.ended = true;
    run.complete = event.ended().complete();
    run.failure = event.ended().failure();
    if (!event.ended().identity().empty()) run.identity = event.ended().identity();
    run.ended_time = event.time();
    source.open_run = 0;
  }
  return absl::OkStatus();
}

const SourceState* SourceTable::Find(std::string_view name) const {
  for (const auto& [id, source] : sources_) {
    if (source.name == name) return &source;
  }
  return nullptr;
}

uint64_t SourceTable::PublishedOf(uint32_t resource_id) const {
  const auto it = published_.find(resource_id);
  return it == published_.end() ? 0 : it->second;
}

uint32_t SourceTable::NextFileSequence(uint32_t resource_id) const {
  const auto it = file_sequences_.find(resource_id);
  return it == file_sequences_.end() ? 1 : it->second + 1;
}

const SourceRun* SourceTable::FindLatest(uint32_t resource_id, std::string_view name) const {
  for (auto it = runs_.rbegin(); it != runs_.rend(); ++it) {
    const SourceRun& run = it->second;
    if (run.resource_id == resource_id && run.name == name) return &run;
  }
  return nullptr;
}

}  // namespace datong::node
