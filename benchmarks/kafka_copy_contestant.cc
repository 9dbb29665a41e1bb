// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/kafka_copy_contestant.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr int kWaitMs = 60'000;
constexpr int kLookMs = 20;

template <typename T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* handle) const { destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_t, rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   Destroy<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>>;

absl::Status ToStatus(rd_kafka_error_t* error) {
  if (error == nullptr) return absl::OkStatus();
  const absl::Status status = absl::InternalError(rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return status;
}
absl::Status ToStatus(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? absl::OkStatus() : absl::InternalError(rd_kafka_err2str(code));
}

// With the settings that the engine has found to be the quick ones.
absl::StatusOr<Handle> Open(rd_kafka_type_t type,
                            std::initializer_list<std::pair<const char*, std::string>> properties) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  char why[512];
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InternalError(why);
    }
  }
  rd_kafka_t* const handle = rd_kafka_new(type, conf, why, sizeof why);
  if (handle == nullptr) return absl::InternalError(why);
  return Handle(handle);
}

class Copier {
 public:
  Copier(const KafkaCopy& copy, uint32_t number, std::atomic<size_t>& left)
      : copy_(copy), number_(number), left_(left) {}

  absl::Status Start();
  void Run() { status_ = CopyAll(); }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status CopyAll() {
    std::vector<Message> batch;
    while (left_.load() > 0) {
      Message message(rd_kafka_consumer_poll(consumer_.get(), kLookMs));
      const bool nothing = message == nullptr || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (!nothing) {
        RETURN_IF_ERROR(ToStatus(message->err));
        batch.push_back(std::move(message));
      }
      if (batch.empty() || (batch.size() < copy_.messages_per_commit && !nothing)) continue;
      RETURN_IF_ERROR(Commit(batch));
      left_ -= batch.size();
      batch.clear();
    }
    return absl::OkStatus();
  }

  absl::Status Commit(const std::vector<Message>& batch) {
    RETURN_IF_ERROR(ToStatus(rd_kafka_begin_transaction(producer_.get())));
    const Partitions read(rd_kafka_topic_partition_list_copy(partitions_.get()));
    for (int i = 0; i < read->cnt; ++i) read->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    for (const Message& message : batch) {
      RETURN_IF_ERROR(ToStatus(
          rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(copy_.to.c_str()), RD_KAFKA_V_PARTITION(0),
                            RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_END)));
      rd_kafka_topic_partition_list_set_offset(read.get(), copy_.from.c_str(), message->partition, message->offset + 1);
    }
    RETURN_IF_ERROR(
        ToStatus(rd_kafka_send_offsets_to_transaction(producer_.get(), read.get(), member_.get(), kWaitMs)));
    return ToStatus(rd_kafka_commit_transaction(producer_.get(), kWaitMs));
  }

  const KafkaCopy& copy_;
  const uint32_t number_;
  std::atomic<size_t>& left_;  // messages, of all copiers
  Handle consumer_, producer_;
  Partitions partitions_;
  std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                  Destroy<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>>
      member_;
  absl::Status status_;
};

absl::Status Copier::Start() {
  const std::string name = absl::StrCat(copy_.to, ".copier.", number_);
  ASSIGN_OR_RETURN(consumer_, Open(RD_KAFKA_CONSUMER, {{"bootstrap.servers", copy_.bootstrap_servers},
                                                       {"group.id", name},
                                                       {"isolation.level", "read_committed"},
                                                       {"enable.auto.commit", "false"},
                                                       {"enable.partition.eof", "true"},
                                                       {"fetch.wait.max.ms", "2"},
                                                       {"auto.offset.reset", "earliest"},
                                                       {"queued.min.messages", "1000000"},
                                                       {"fetch.message.max.bytes", "8388608"}}));
  ASSIGN_OR_RETURN(producer_, Open(RD_KAFKA_PRODUCER, {{"bootstrap.servers", copy_.bootstrap_servers},
                                                       {"transactional.id", name},
                                                       {"socket.nagle.disable", "true"},
                                                       {"retry.backoff.ms", "20"},
                                                       {"delivery.report.only.error", "true"},
                                                       {"queue.buffering.max.kbytes", "2097151"},
                                                       {"message.max.bytes", "10485760"}}));
  rd_kafka_poll_set_consumer(consumer_.get());
  partitions_.reset(rd_kafka_topic_partition_list_new(static_cast<int>(copy_.partitions)));
  for (uint32_t partition = number_; partition < copy_.partitions; partition += copy_.threads) {
    rd_kafka_topic_partition_list_add(partitions_.get(), copy_.from.c_str(), static_cast<int32_t>(partition))->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  RETURN_IF_ERROR(ToStatus(rd_kafka_assign(consumer_.get(), partitions_.get())));
  member_.reset(rd_kafka_consumer_group_metadata(consumer_.get()));
  RETURN_IF_ERROR(ToStatus(rd_kafka_init_transactions(producer_.get(), kWaitMs)));
  // Left alone, the library looks for the leaders of a new topic once a second.
  const Topic topic(rd_kafka_topic_new(producer_.get(), copy_.to.c_str(), nullptr));
  const rd_kafka_metadata_t* leaders = nullptr;
  RETURN_IF_ERROR(ToStatus(rd_kafka_metadata(producer_.get(), 0, topic.get(), &leaders, kWaitMs)));
  rd_kafka_metadata_destroy(leaders);
  return absl::OkStatus();
}

}  // namespace

absl::Status CopyTransactionally(const KafkaCopy& copy, Stopwatch& watch) {
  std::atomic<size_t> left{copy.messages};
  std::vector<std::unique_ptr<Copier>> copiers;
  for (uint32_t i = 0; i < copy.threads; ++i) {
    copiers.push_back(std::make_unique<Copier>(copy, i, left));
    RETURN_IF_ERROR(copiers.back()->Start());
  }
  watch.Start();
  std::vector<std::thread> threads;
  for (const auto& copier : copiers) threads.emplace_back([&copier] { copier->Run(); });
  for (std::thread& thread : threads) thread.join();
  watch.Stop();
  for (const auto& copier : copiers) RETURN_IF_ERROR(copier->status());
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
