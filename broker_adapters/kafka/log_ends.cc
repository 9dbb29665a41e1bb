// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/log_ends.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr base::TimeUs kAbortGrace = 15'000'000;  // a cluster looks for overdue transactions every 10 s

using PartitionList = CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

std::string Where(const std::string& topic, int64_t partition) {
  return absl::StrCat("the end of ", topic, "/", partition);
}

// The latest offsets as this client's isolation sees them; one request per broker, whatever the number of partitions.
absl::StatusOr<std::vector<int64_t>> Latest(const KafkaOptions& options, Client& client,
                                            const std::vector<KafkaPartition>& of) {
  Deadline deadline(*options.clock, options.request_timeout);
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const KafkaPartition& one : of) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), static_cast<int32_t>(one.partition))->offset =
        RD_KAFKA_OFFSET_END;  // as a time to look up it means: the latest
  }
  const auto code = rd_kafka_offsets_for_times(client.handle(), list.get(), deadline.LeftMs());
  RETURN_IF_ERROR(FromKafka(code, Where(of[0].topic, of[0].partition), client.trouble().last()));
  std::vector<int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    RETURN_IF_ERROR(FromKafka(one.err, Where(one.topic, one.partition), client.trouble().last()));
    offsets.push_back(one.offset);
  }
  return offsets;
}

absl::StatusOr<LogRange> Range(Client& client, const KafkaPartition& of, Deadline& deadline) {
  LogRange range;
  const auto code =
      rd_kafka_query_watermark_offsets(client.handle(), of.topic.c_str(), static_cast<int32_t>(of.partition),
                                       &range.start, &range.stable_end, deadline.LeftMs());
  RETURN_IF_ERROR(FromKafka(code, Where(of.topic, of.partition), client.trouble().last()));
  return range;
}

}  // namespace

absl::StatusOr<LogRange> LogEnds::Now(const KafkaPartition& of) {
  Deadline deadline(*options_.clock, options_.request_timeout);
  return Range(committed_, of, deadline);
}

absl::StatusOr<LogRange> LogEnds::Decided(const KafkaPartition& of) {
  RETURN_IF_ERROR(AwaitDecided({of}));
  return Now(of);
}

absl::Status LogEnds::AwaitDecided(const std::vector<KafkaPartition>& of) {
  if (of.empty()) return absl::OkStatus();
  Deadline deadline(*options_.clock, options_.transaction_timeout + kAbortGrace);
  ASSIGN_OR_RETURN(std::vector<int64_t> goals, Latest(options_, appended_, of));
  std::vector<KafkaPartition> waiting = of;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> stable, Latest(options_, committed_, waiting));
    size_t kept = 0;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (stable[i] >= goals[i]) continue;
      if (kept != i) waiting[kept] = std::move(waiting[i]);
      goals[kept++] = goals[i];
    }
    waiting.resize(kept);
    if (waiting.empty()) return absl::OkStatus();
    if (deadline.Passed()) {
      return absl::UnavailableError(absl::StrCat(Where(waiting[0].topic, waiting[0].partition),
                                                 ": a transaction has been open there for too long; ",
                                                 "is the transaction coordinator up (topic __transaction_state)?"));
    }
    deadline.Pause();
  }
}

}  // namespace datong::kafka
