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

using PartitionList = CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

// The answer stands in `list`. The first error of the request or of one partition, with the place it is about.
rd_kafka_resp_err_t Ask(Client& client, int64_t time, Deadline& deadline, rd_kafka_topic_partition_list_t& list,
                        std::string& where) {
  for (int i = 0; i < list.cnt; ++i) list.elems[i].offset = time;
  where = Where(list.elems[0].topic, list.elems[0].partition);
  const auto code = rd_kafka_offsets_for_times(client.handle(), &list, deadline.LeftMs());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    where = Where(list.elems[i].topic, list.elems[i].partition);
    return list.elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// A topic that was just made, or whose leader moves: the broker says so at once, and a moment later there is one.
bool LeaderIsToCome(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> OffsetsAt(const KafkaOptions& options, Client& client,
                                               const std::vector<KafkaPartition>& of, int64_t time) {
  std::vector<int64_t> offsets;
  if (of.empty()) return offsets;
  Deadline deadline(*options.clock, options.request_timeout);
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const KafkaPartition& one : of) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), static_cast<int32_t>(one.partition));
  }
  std::string where;
  auto code = Ask(client, time, deadline, *list, where);
  while (LeaderIsToCome(code) && !deadline.Passed()) {
    deadline.Pause();
    code = Ask(client, time, deadline, *list, where);
  }
  RETURN_IF_ERROR(FromKafka(code, where, client.trouble().last()));
  for (int i = 0; i < list->cnt; ++i) offsets.push_back(list->elems[i].offset);
  return offsets;
}

}  // namespace datong::kafka
