// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_appender.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/message_limits.h"
#include "broker_adapters/kafka/names.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

// What one Append() waits for. A report that comes when nobody waits any longer finds no one.
class Reports {
 public:
  void Expect(size_t messages) {
    const std::lock_guard lock(mutex_);
    left_ = messages;
    first_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  void Take(rd_kafka_resp_err_t error) {
    const std::lock_guard lock(mutex_);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && first_error_ == RD_KAFKA_RESP_ERR_NO_ERROR) first_error_ = error;
    if (left_ > 0 && --left_ == 0) all_.notify_all();
  }
  // False: not all of them came in time.
  bool Await(base::TimeUs wait) {
    std::unique_lock lock(mutex_);
    return all_.wait_for(lock, std::chrono::microseconds(wait), [&] { return left_ == 0; });
  }
  rd_kafka_resp_err_t first_error() {
    const std::lock_guard lock(mutex_);
    return first_error_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  size_t left_ = 0;
  rd_kafka_resp_err_t first_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

class KafkaAppender final : public broker::Appender {
 public:
  KafkaAppender(KafkaOptions options, Names names) : options_(std::move(options)), names_(std::move(names)) {}

  absl::Status Connect();
  absl::Status Append(std::vector<Outgoing> messages) override {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) RETURN_IF_ERROR(Connect());
    const absl::Status appended = Send(messages);
    // What is queued behind a message that failed would come in another order; and an idempotent producer that lost its
    // place is of no more use.
    if (!appended.ok()) client_.reset();
    return appended;
  }

 private:
  absl::Status Send(const std::vector<Outgoing>& messages);

  const KafkaOptions options_;
  const Names names_;
  Reports reports_;
  std::mutex mutex_;                // held across an Append()
  std::unique_ptr<Client> client_;  // null: what the last one had not sent is gone with it
};

absl::Status KafkaAppender::Connect() {
  const std::string wait_ms = std::to_string(options_.request_timeout / 1000);
  ASSIGN_OR_RETURN(client_, Client::Make(Client::Role::kProducer, options_,
                                         {{"queue.buffering.max.messages", "1000000"},
                                          {"queue.buffering.max.kbytes", "2097151"},
                                          {"linger.ms", "0"}},
                                         {{"enable.idempotence", "true"},
                                          {"acks", "all"},
                                          {"message.timeout.ms", wait_ms},
                                          {"message.max.bytes", std::to_string(kRecordBytesMax)},
                                          {"delivery.report.only.error", "false"}},
                                         [this](const rd_kafka_message_t& report) { reports_.Take(report.err); }));
  return absl::OkStatus();
}

absl::Status KafkaAppender::Send(const std::vector<Outgoing>& messages) {
  std::string topics;
  for (const Outgoing& one : messages) {
    if (one.bytes.size() > base::kBatchBytesMax) return absl::InvalidArgumentError("a message is too large");
  }
  reports_.Expect(messages.size());
  for (const Outgoing& one : messages) {
    ASSIGN_OR_RETURN(const std::string topic, names_.Topic(one.to.topic));
    if (topics.empty()) topics = topic;
    // The bytes are the caller's until all of it is reported; after a failure the client goes before they do.
    const auto code = rd_kafka_producev(client_->handle(), RD_KAFKA_V_TOPIC(topic.c_str()),
                                        RD_KAFKA_V_PARTITION(static_cast<int32_t>(one.to.partition)),
                                        RD_KAFKA_V_VALUE(const_cast<char*>(one.bytes.data()), one.bytes.size()),
                                        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(code, absl::StrCat("writing to ", topic), client_->trouble().last());
    }
  }
  // The library itself ends every message's wait.
  const bool all = reports_.Await(2 * options_.request_timeout);
  const rd_kafka_resp_err_t error = all ? reports_.first_error() : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const int refused = client_->trouble().last_code();
  if (error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && IsRefused(refused)) {
    return FromKafka(refused, absl::StrCat("writing to ", topics), client_->trouble().last());
  }
  return FromKafka(error, absl::StrCat("writing to ", topics), client_->trouble().last());
}

}  // namespace

absl::StatusOr<std::unique_ptr<broker::Appender>> OpenKafkaAppender(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(Names names, Names::Of(options.exchange));
  auto appender = std::make_unique<KafkaAppender>(options, std::move(names));
  RETURN_IF_ERROR(appender->Connect());
  return appender;
}

}  // namespace datong::kafka
