// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker_adapters/embedded/segment_block.h"
#include "broker_adapters/embedded/segment_sequence.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"

// The rows of the engine: one letter says what a row is; numbers in keys are big-endian, so that rows sort by them.
// Every value starts with the row format version.
//
//   C                                      sequence of the last commit, next topic id, next segment number per kind
//   T name                                 topic: id, kind, partitions
//   P topic-id:u32 partition:u32           end position, first position kept, last append time
//   M topic-id:u32 partition:u32 pos:u64   message: append time, key, envelope, body; the latter two here or in a
//   segment G topic-id:u32 partition:u32 group     what the group reads next W identity                             the
//   writer's epoch S kind:u8 number:u32                   segment: committed end, message rows that need it
namespace datong::embedded {

inline constexpr uint8_t kRowFormatVersion = 1;

struct CommitRow {
  uint64_t sequence = 0;
  uint32_t next_topic_id = 1;
  uint32_t next_segment[3] = {1, 1, 1};  // in the order of kTopicKinds
};

struct TopicRow {
  uint32_t id = 0;
  broker::TopicOptions options;
};

struct PartitionRow {
  broker::Position end = 1;
  broker::Position kept_from = 0;  // 0 = nothing was ever dropped
  base::TimeUs last_append = 0;
};

// A message as it is stored. A part is `stored` in a segment when it has a location, and inline otherwise.
struct MessageRow {
  base::TimeUs append_time = 0;
  std::string key;
  std::string envelope;
  std::string body;
  std::optional<BlockLocation> envelope_at;
  std::optional<BlockLocation> body_at;
};

std::string CommitKey();
std::string TopicKey(std::string_view name);
std::string PartitionKey(uint32_t topic_id, uint32_t partition);
std::string MessageKey(uint32_t topic_id, uint32_t partition, broker::Position position);
std::string GroupKey(uint32_t topic_id, uint32_t partition, std::string_view group);
std::string WriterKey(std::string_view identity);
std::string SegmentKey(broker::TopicKind kind, uint32_t number);
broker::Position PositionOfMessageKey(std::string_view key);
bool ParseSegmentKey(std::string_view key, broker::TopicKind& kind, uint32_t& number);

std::string Encode(const CommitRow& row);
std::string Encode(const TopicRow& row);
std::string Encode(const PartitionRow& row);
std::string Encode(const SegmentState& row);
std::string EncodeNumber(uint64_t value);  // a group's next position, a writer's epoch

// The parts come as views, so that nothing is copied before it is in the row.
std::string EncodeMessage(base::TimeUs append_time, std::string_view key, std::string_view envelope,
                          const std::optional<BlockLocation>& envelope_at, std::string_view body,
                          const std::optional<BlockLocation>& body_at);

// DataLoss for bytes that are no such row, Unimplemented for another row format version; the caller adds whose row it
// was.
absl::Status Decode(std::string_view value, CommitRow& row);
absl::Status Decode(std::string_view value, TopicRow& row);
absl::Status Decode(std::string_view value, PartitionRow& row);
absl::Status Decode(std::string_view value, SegmentState& row);
absl::Status Decode(std::string_view value, uint64_t& number);
absl::Status Decode(std::string_view value, MessageRow& row);
// Only where the parts are, without copying them: what retention needs.
absl::Status DecodeLocations(std::string_view value, MessageRow& row);

}  // namespace datong::embedded
