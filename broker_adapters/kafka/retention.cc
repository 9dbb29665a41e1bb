// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/retention.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "broker_adapters/kafka/admin_request.h"
#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/deadline.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/offsets.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {

absl::Status DropBelow(const KafkaOptions& options, Client& client, LogEnds& ends, const KafkaPartition& of,
                       broker::Position keep_from) {
  ASSIGN_OR_RETURN(const LogRange range, ends.Now(of));
  // Kafka refuses to delete beyond the end; what is below the stable end is all that anybody could have asked about.
  const int64_t keep = std::min(OffsetOf(keep_from), range.stable_end);
  if (keep <= range.start) return absl::OkStatus();

  const std::string doing = absl::StrCat("dropping ", of.topic, "/", of.partition, " below offset ", keep);
  const CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> before(
      rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(before.get(), of.topic.c_str(), static_cast<int32_t>(of.partition))->offset = keep;
  const CHandle<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy> question(
      rd_kafka_DeleteRecords_new(before.get()));
  rd_kafka_DeleteRecords_t* questions[] = {question.get()};
  // Who leads it now: the client may know one that has died.
  Deadline deadline(*options.clock, options.request_timeout);
  RETURN_IF_ERROR(AskForKnownTopic(client, *options.clock, of.topic, deadline).status());
  AdminRequest request(client, options.request_timeout);
  rd_kafka_DeleteRecords(client.handle(), questions, 1, request.options(), request.queue());
  ASSIGN_OR_RETURN(const AdminRequest::Event answer, request.Answer(doing));
  const rd_kafka_topic_partition_list_t* done =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer.get()));
  for (int i = 0; i < done->cnt; ++i) RETURN_IF_ERROR(FromKafka(done->elems[i].err, doing));
  return absl::OkStatus();
}

}  // namespace datong::kafka
