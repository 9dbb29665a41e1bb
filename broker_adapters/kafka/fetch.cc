// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/fetch.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/message_codec.h"
#include "broker_adapters/kafka/message_limits.h"
#include "broker_adapters/kafka/offsets.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

using Message = CHandle<rd_kafka_message_t, rd_kafka_message_destroy>;

// How long a broker may hold back an empty answer. Only partitions with something to read are fetched, so it delays the
// news that the end is reached, and the first answer to a partition that joins.
constexpr char kFetchWaitMs[] = "2";

// Nothing: the message has no such header.
std::optional<std::string> EnvelopeOf(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, kEnvelopeHeader, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  return DecodeEnvelope({static_cast<const char*>(value), size});
}

bool HasHeader(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  return rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
         rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::string Bytes(const void* bytes, size_t size) { return std::string(static_cast<const char*>(bytes), size); }

// Only of a partition that is not fetched any longer.
void EmptyAndDestroy(rd_kafka_queue_t* queue) {
  while (rd_kafka_message_t* const unread = rd_kafka_consume_queue(queue, 0)) rd_kafka_message_destroy(unread);
  rd_kafka_queue_destroy(queue);
}
using PartitionQueue = CHandle<rd_kafka_queue_t, EmptyAndDestroy>;

}  // namespace

// One client and what it fetches.
//
// What nobody has read of a partition stays in the partition's queue, and an answer that is still under way when the
// fetch ends comes to it after that. Each message there refers to the partition that owns the queue. The client empties
// the queues of all partitions it knows when it ends; but one whose topic was deleted it does not know any longer, and
// it would wait for that for ever (librdkafka 2.0.2; its change 4724 mends it). So the queues are emptied here before.
struct Fetch::Slot {
  std::unique_ptr<Client> client;
  std::set<KafkaPartition> fetched;                // guarded by the pool's mutex
  std::map<KafkaPartition, PartitionQueue> ended;  // of fetches that have ended; guarded by the pool's mutex
};

Fetch::~Fetch() {
  rd_kafka_consume_stop(topic_, static_cast<int32_t>(of_.partition));
  rd_kafka_topic_destroy(topic_);
  pool_.Return(slot_, of_, queue_);
}

absl::StatusOr<Fetch::Step> Fetch::Next(int wait_ms) {
  const Message message(rd_kafka_consume(topic_, static_cast<int32_t>(of_.partition), wait_ms));
  if (message == nullptr) return Step{};
  return ToStep(*message);
}

absl::StatusOr<Fetch::Step> Fetch::ToStep(rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return Step{Step::Kind::kEnd, message.offset, {}, false};
  const std::string place = absl::StrCat(of_.topic, "/", of_.partition, " offset ", message.offset);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return FromKafka(message.err, absl::StrCat("reading ", place), rd_kafka_message_errstr(&message));
  }
  if (message.len == 0 && message.key_len == 0 && HasHeader(message, kFillerHeader)) {
    return Step{Step::Kind::kFiller, message.offset, {}, false};
  }
  Step step{Step::Kind::kMessage, message.offset, {}, false};
  std::optional<std::string> envelope = EnvelopeOf(message);
  rd_kafka_timestamp_type_t type;
  step.message.position = PositionOf(message.offset);
  // What is beyond the contract's limits was not written by an engine: as much of it as a message may have.
  step.message.key = Bytes(message.key, std::min(message.key_len, kKeyBytesMax));
  step.in_transaction = envelope.has_value() && !HasHeader(message, kCopiedHeader);
  step.message.envelope = std::move(envelope).value_or(std::string());
  step.message.body = broker::Body(Bytes(message.payload, std::min(message.len, base::kBatchBytesMax)));
  step.message.append_time = rd_kafka_message_timestamp(&message, &type) * 1000;
  return step;
}

FetchPool::FetchPool(const KafkaOptions& options) : options_(options) {}
FetchPool::~FetchPool() = default;

absl::StatusOr<Fetch::Slot*> FetchPool::Take(const KafkaPartition& of) {
  const std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    if (slot->fetched.insert(of).second) return slot.get();
  }
  ASSIGN_OR_RETURN(auto client, MakeCommittedReader(options_));
  auto& slot = slots_.emplace_back(std::make_unique<Fetch::Slot>());
  slot->client = std::move(client);
  slot->fetched.insert(of);
  return slot.get();
}

void FetchPool::Return(Fetch::Slot& slot, const KafkaPartition& of, rd_kafka_queue_s* queue) {
  // Another queue than this one when the topic was deleted and made again between two fetches.
  PartitionQueue before(queue);
  const std::lock_guard lock(mutex_);
  if (queue != nullptr) slot.ended[of].swap(before);
  before.reset();  // while nobody fetches this partition
  slot.fetched.erase(of);
}

absl::StatusOr<std::unique_ptr<Fetch>> FetchPool::Start(const KafkaPartition& of, int64_t offset) {
  ASSIGN_OR_RETURN(Fetch::Slot* const slot, Take(of));
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(slot->client->handle(), of.topic.c_str(), nullptr);
  if (topic == nullptr || rd_kafka_consume_start(topic, static_cast<int32_t>(of.partition), offset) != 0) {
    const auto code = rd_kafka_last_error();
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
    Return(*slot, of, nullptr);
    return FromKafka(code, absl::StrCat("reading ", of.topic, "/", of.partition));
  }
  rd_kafka_queue_t* const queue =
      rd_kafka_queue_get_partition(slot->client->handle(), of.topic.c_str(), static_cast<int32_t>(of.partition));
  return std::unique_ptr<Fetch>(new Fetch(*this, *slot, of, topic, queue));
}

absl::StatusOr<std::unique_ptr<Client>> MakeCommittedReader(const KafkaOptions& options) {
  // A full queue makes librdkafka pause a whole second, so it must hold what is read in more than that.
  const std::string prefetch_kib = std::to_string(std::max<size_t>(options.prefetch_bytes_max >> 10, 1));
  return Client::Make(Client::Role::kConsumer, options,
                      {{"fetch.wait.max.ms", kFetchWaitMs},
                       {"fetch.error.backoff.ms", "20"},
                       {"fetch.message.max.bytes", "8388608"},
                       {"queued.max.messages.kbytes", prefetch_kib},
                       {"queued.min.messages", "1000000"}},
                      {{"isolation.level", "read_committed"},
                       {"check.crcs", "true"},
                       {"enable.partition.eof", "true"},
                       {"enable.auto.commit", "false"},
                       {"auto.offset.reset", "error"}});  // never go on elsewhere silently
}

absl::StatusOr<std::unique_ptr<Client>> MakeAppendedReader(const KafkaOptions& options) {
  return Client::Make(Client::Role::kConsumer, options, {},
                      {{"isolation.level", "read_uncommitted"}, {"enable.auto.commit", "false"}});
}

}  // namespace datong::kafka
