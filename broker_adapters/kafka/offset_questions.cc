// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/offset_questions.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr base::TimeUs kFirstTurn = 1'000'000;
constexpr base::TimeUs kTurnMax = 16'000'000;
// The library looks for each answer's place by going through all that was asked.
constexpr size_t kPlacesPerQuestion = 64;

// Written as a time to look up, these two mean the ends.
static_assert(kLatest == RD_KAFKA_OFFSET_END && kEarliest == RD_KAFKA_OFFSET_BEGINNING);

std::string Where(const std::string& topic, int64_t partition) {
  return absl::StrCat("the ends of ", topic, "/", partition);
}

using PartitionList = CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

// The answer stands in `list`. The first error of the request or of one partition, with the place it is about.
// Not rd_kafka_query_watermark_offsets(): that one heeds no time limit, and asks a dead leader for ever (2.0.2).
rd_kafka_resp_err_t Ask(Client& client, int64_t time, int wait_ms, rd_kafka_topic_partition_list_t& list,
                        std::string& where) {
  for (int i = 0; i < list.cnt; ++i) {
    list.elems[i].offset = time;
    list.elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;  // that of the turn before
  }
  where = Where(list.elems[0].topic, list.elems[0].partition);
  const auto code = rd_kafka_offsets_for_times(client.handle(), &list, wait_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  for (int i = 0; i < list.cnt; ++i) {
    auto error = list.elems[i].err;
    // When its time is over the library may call it no error, and leave what was asked where the answer should stand.
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && time < 0 && list.elems[i].offset < 0)
      error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    where = Where(list.elems[i].topic, list.elems[i].partition);
    return error;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// A client asks the leader it knows until it is told of another one. What the cluster says to it stays in the client.
// NotFound: one of the topics is gone, which a turn is too short to tell (AskForKnownTopic).
absl::Status AskWhoLeads(const KafkaOptions& options, Client& client, std::span<const KafkaPartition> of,
                         Deadline& turn_end, Deadline& deadline) {
  std::set<std::string> asked;
  for (const KafkaPartition& one : of) {
    if (!asked.insert(one.topic).second) continue;
    absl::Status said = AskForTopic(client, one.topic, turn_end).status();
    if (absl::IsNotFound(said)) said = AskForKnownTopic(client, *options.clock, one.topic, deadline).status();
    RETURN_IF_ERROR(said);
  }
  return absl::OkStatus();
}

// In turns, for an error may be over a moment later: a topic that was just made has no leader yet, or its leader moves
// (the broker says so at once); or the leader has died (nobody says anything). A turn without an answer is followed by
// one that waits for longer.
absl::Status AskForSome(const KafkaOptions& options, Client& client, std::span<const KafkaPartition> of, int64_t time,
                        std::vector<int64_t>& offsets) {
  Deadline deadline(*options.clock, options.request_timeout);
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const KafkaPartition& one : of) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), static_cast<int32_t>(one.partition));
  }
  const auto at_most = [&](base::TimeUs turn) { return std::min(turn, base::TimeUs{deadline.LeftMs()} * 1000); };
  std::string where;
  base::TimeUs turn = kFirstTurn;
  while (true) {
    const auto code = Ask(client, time, static_cast<int>(at_most(turn) / 1000), *list, where);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    const absl::Status failure = FromKafka(code, where, client.trouble().last());
    if (!absl::IsUnavailable(failure) && !absl::IsNotFound(failure)) return failure;
    if (deadline.Passed()) return absl::UnavailableError(failure.message());
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) turn = std::min(2 * turn, kTurnMax);
    deadline.Pause();
    Deadline turn_end(*options.clock, at_most(turn));
    if (absl::Status said = AskWhoLeads(options, client, of, turn_end, deadline); absl::IsNotFound(said)) return said;
  }
  for (int i = 0; i < list->cnt; ++i) offsets.push_back(list->elems[i].offset);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> OffsetsAt(const KafkaOptions& options, Client& client,
                                               const std::vector<KafkaPartition>& of, int64_t time) {
  std::vector<int64_t> offsets;
  for (std::span<const KafkaPartition> rest(of); !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kPlacesPerQuestion));
    rest = rest.subspan(some.size());
    RETURN_IF_ERROR(AskForSome(options, client, some, time, offsets));
  }
  return offsets;
}

}  // namespace datong::kafka
