// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"

struct rd_kafka_message_s;
struct rd_kafka_s;

namespace datong::kafka {

// What a client's threads say of its connections: disconnects, time-outs, refused passwords. Thread-safe.
class TroubleWatch {
 public:
  // `code`: of librdkafka. `sums_up`: it only says that all others have failed, and takes no reason's place.
  void Note(int code, std::string what, bool sums_up) {
    const std::lock_guard lock(mutex_);
    if (!sums_up || last_.empty()) {
      last_code_ = code;
      last_ = std::move(what);
    }
    count_.fetch_add(1);
  }
  // Differs between two moments when there was trouble between them.
  uint64_t count() const { return count_.load(); }
  std::string last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  int last_code() const {
    const std::lock_guard lock(mutex_);
    return last_code_;
  }

 private:
  std::atomic<uint64_t> count_{0};
  mutable std::mutex mutex_;
  std::string last_;
  int last_code_ = 0;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

// One client of librdkafka (rd_kafka_t) with its threads and connections. A thread of the library serves its events at
// all times: without one, a commit would wait for ever for the reports of what it sent. Thread-safe.
class Client {
 public:
  enum class Role { kProducer, kConsumer };
  // Shown what became of one message of a producer, on a thread of the library.
  using OnReport = std::function<void(const rd_kafka_message_s& report)>;

  // `defaults` give way to the options' properties, `fixed` do not. InvalidArgument names the property that is wrong.
  // `on_report`: outlives the client; without it nobody is told.
  static absl::StatusOr<std::unique_ptr<Client>> Make(Role role, const KafkaOptions& options,
                                                      const Properties& defaults, const Properties& fixed,
                                                      OnReport on_report = nullptr);
  // Ends its threads; what it had not sent is gone.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_s* handle() const { return handle_; }
  const TroubleWatch& trouble() const { return told_->trouble; }

  // What the library's threads tell.
  struct Told {
    TroubleWatch trouble;
    OnReport on_report;
  };

 private:
  Client(rd_kafka_s* handle, std::unique_ptr<Told> told) : told_(std::move(told)), handle_(handle) {}

  const std::unique_ptr<Told> told_;
  rd_kafka_s* const handle_;
};

}  // namespace datong::kafka
