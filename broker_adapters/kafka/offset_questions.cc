// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/offset_questions.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <string>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

// Written as a time to look up, these two mean the ends.
static_assert(kLatest == RD_KAFKA_OFFSET_END && kEarliest == RD_KAFKA_OFFSET_BEGINNING);

std::string Where(const std::string& topic, int64_t partition) {
  return absl::StrCat("the ends of ", topic, "/", partition);
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> OffsetsAt(const KafkaOptions& options, Client& client,
                                               const std::vector<KafkaPartition>& of, int64_t time) {
  std::vector<int64_t> offsets;
  if (of.empty()) return offsets;
  Deadline deadline(*options.clock, options.request_timeout);
  const CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const KafkaPartition& one : of) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), static_cast<int32_t>(one.partition))->offset =
        time;
  }
  const auto code = rd_kafka_offsets_for_times(client.handle(), list.get(), deadline.LeftMs());
  RETURN_IF_ERROR(FromKafka(code, Where(of[0].topic, of[0].partition), client.trouble().last()));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    RETURN_IF_ERROR(FromKafka(one.err, Where(one.topic, one.partition), client.trouble().last()));
    offsets.push_back(one.offset);
  }
  return offsets;
}

}  // namespace datong::kafka
