// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/log_copy.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <chrono>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/fetch.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/message_codec.h"
#include "broker_adapters/kafka/message_limits.h"
#include "broker_adapters/kafka/offset_questions.h"
#include "broker_adapters/kafka/offsets.h"
#include "broker_adapters/kafka/topic_configuration.h"
#include "broker_adapters/kafka/topic_settings.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr std::chrono::milliseconds kLook(20);
constexpr size_t kSizeMax = 64;  // in MiB: what waits in memory to be acknowledged

using Headers = CHandle<rd_kafka_headers_t, rd_kafka_headers_destroy>;

void Add(rd_kafka_headers_t* headers, const char* name, std::string_view value) {
  rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

// A report says which message it is about by a pointer that it carries along.
void* ToPrivate(int64_t offset) { return reinterpret_cast<void*>(static_cast<intptr_t>(offset)); }
int64_t FromPrivate(const void* carried) { return static_cast<int64_t>(reinterpret_cast<intptr_t>(carried)); }

}  // namespace

// How long nothing may be acknowledged; begins anew with everything that is.
struct LogCopy::Patience {
  uint64_t acknowledged = 0;
  base::TimeUs ends = 0;  // steady; 0 = not begun
};

struct LogCopy::Record {
  std::string_view key, value;  // without bytes: none
  Headers headers;
  base::TimeUs time = 0;
};

absl::StatusOr<std::unique_ptr<LogCopy>> LogCopy::Open(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(Names names, Names::Of(options.exchange));
  ASSIGN_OR_RETURN(auto appended, MakeAppendedReader(options));
  RETURN_IF_ERROR(AwaitCluster(*appended, *options.clock, options.request_timeout));
  std::unique_ptr<LogCopy> copy(new LogCopy(options, std::move(names), std::move(appended)));
  LogCopy* const self = copy.get();
  // No time limit for a message: one that was given up would be overtaken by those behind it, which then land where it
  // should be. It is the whole copy that is given up, with all that it has not sent.
  ASSIGN_OR_RETURN(copy->producer_,
                   Client::Make(Client::Role::kProducer, options, {{"linger.ms", "2"}},
                                {{"enable.idempotence", "true"},
                                 {"message.timeout.ms", "0"},
                                 {"message.max.bytes", std::to_string(kRecordBytesMax)},
                                 {"queue.buffering.max.messages", "200000"},
                                 {"queue.buffering.max.kbytes", std::to_string(kSizeMax << 10)}},
                                [self](const rd_kafka_message_t& report) { self->TakeReport(report); }));
  return copy;
}

LogCopy::~LogCopy() {
  if (producer_ == nullptr) return;
  // What was not sent must not be, now that nobody looks where it lands.
  rd_kafka_purge(producer_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

absl::StatusOr<std::vector<std::string>> LogCopy::Topics() { return topics_.List(); }

absl::Status LogCopy::MakeTopic(const std::string& topic, const broker::TopicOptions& options) {
  RETURN_IF_ERROR(topics_.Create({{topic, options}}, {{kTimeSetting, kTimeOfProducer}}));
  ASSIGN_OR_RETURN(const std::string kafka_topic, names_.Topic(topic));
  return SetTime(kafka_topic, kTimeOfProducer);
}

absl::Status LogCopy::Seal(const std::string& topic) {
  ASSIGN_OR_RETURN(const std::string kafka_topic, names_.Topic(topic));
  return SetTime(kafka_topic, kTimeOfBroker);
}

absl::Status LogCopy::SetTime(const std::string& kafka_topic, const char* whose) {
  ASSIGN_OR_RETURN(auto configurations, AskForConfigurations(options_, *appended_, {kafka_topic}));
  const TopicConfiguration& present = configurations[kafka_topic];
  const auto found = present.find(kTimeSetting);
  if (found != present.end() && found->second.value == whose) return absl::OkStatus();
  return SetConfiguration(options_, *appended_, kafka_topic, present, {{kTimeSetting, whose}});
}

absl::StatusOr<broker::Position> LogCopy::Next(const broker::TopicPartition& of) {
  ASSIGN_OR_RETURN(std::string kafka_topic, topics_.Find(of));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ends,
                   OffsetsAt(options_, *appended_, {{std::move(kafka_topic), of.partition}}, kLatest));
  return PositionOf(ends[0]);
}

absl::Status LogCopy::Begin(const broker::TopicPartition& to, broker::Position next) {
  RETURN_IF_ERROR(Flush());
  ASSIGN_OR_RETURN(std::string kafka_topic, topics_.Find(to));
  // Left alone, the library looks for the leaders of a new topic once a second.
  Deadline deadline(*options_.clock, options_.request_timeout);
  RETURN_IF_ERROR(AskForTopic(*producer_, kafka_topic, deadline).status());
  to_ = {std::move(kafka_topic), to.partition};
  next_offset_ = OffsetOf(next);
  return absl::OkStatus();
}

absl::Status LogCopy::Fill(broker::Position next) {
  while (next_offset_ < OffsetOf(next)) {
    Record filler;
    filler.headers.reset(rd_kafka_headers_new(1));
    Add(filler.headers.get(), kFillerHeader, {});
    RETURN_IF_ERROR(Produce(filler));
  }
  return absl::OkStatus();
}

absl::Status LogCopy::Append(const broker::Message& message, const broker::Attributes& attributes) {
  if (OffsetOf(message.position) < next_offset_) {
    return absl::FailedPreconditionError(absl::StrCat(to_.topic, "/", to_.partition, ": position ", message.position,
                                                      " is taken: offset ", next_offset_, " comes next"));
  }
  RETURN_IF_ERROR(Fill(message.position));
  Record record;
  record.key = message.key;
  record.value = message.body.bytes();
  record.time = message.append_time;
  record.headers.reset(rd_kafka_headers_new(2 + attributes.size()));
  Add(record.headers.get(), kEnvelopeHeader, EncodeEnvelope(message.envelope));
  Add(record.headers.get(), kCopiedHeader, {});
  for (const auto& [name, value] : attributes) Add(record.headers.get(), name.c_str(), value);
  return Produce(record);
}

absl::Status LogCopy::Produce(Record& record) {
  rd_kafka_vu_t parts[8];
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = to_.topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = static_cast<int32_t>(to_.partition);
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[4].u.i = RD_KAFKA_MSG_F_COPY;
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = record.headers.get();
  parts[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[6].u.i64 = record.time / 1000;
  parts[7].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[7].u.ptr = ToPrivate(next_offset_);
  Patience patience;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      RETURN_IF_ERROR(failure_);
    }
    const CHandle<rd_kafka_error_t, rd_kafka_error_destroy> error(
        rd_kafka_produceva(producer_->handle(), parts, std::size(parts)));
    if (error == nullptr) {
      (void)record.headers.release();  // the library's now
      ++sent_;
      ++next_offset_;
      return absl::OkStatus();
    }
    const auto code = rd_kafka_error_code(error.get());
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return FromKafka(code, absl::StrCat("writing ", to_.topic, "/", to_.partition, " offset ", next_offset_),
                       rd_kafka_error_string(error.get()));
    }
    RETURN_IF_ERROR(AwaitProgress(patience));
  }
}

absl::Status LogCopy::Flush() {
  Patience patience;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      RETURN_IF_ERROR(failure_);
      if (acknowledged_ == sent_) return absl::OkStatus();
    }
    RETURN_IF_ERROR(AwaitProgress(patience));
  }
}

// Waits a moment.
absl::Status LogCopy::AwaitProgress(Patience& patience) {
  const base::TimeUs now = options_.clock->Steady();
  {
    std::unique_lock lock(mutex_);
    reported_.wait_for(lock, kLook);
    RETURN_IF_ERROR(failure_);
    if (patience.ends == 0 || acknowledged_ != patience.acknowledged) {
      patience = {acknowledged_, now + options_.transaction_timeout + options_.request_timeout};
      return absl::OkStatus();
    }
  }
  char why[512];
  const std::string doing = absl::StrCat("writing ", to_.topic, "/", to_.partition);
  const auto fatal = rd_kafka_fatal_error(producer_->handle(), why, sizeof why);
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(fatal, doing, why);
  if (now < patience.ends) return absl::OkStatus();
  return FromKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, doing, producer_->trouble().last());
}

void LogCopy::TakeReport(const rd_kafka_message_t& report) {
  const std::lock_guard lock(mutex_);
  ++acknowledged_;
  reported_.notify_all();
  const int64_t wanted = FromPrivate(report._private);
  const bool elsewhere = report.offset >= 0 && report.offset != wanted;  // unknown when an answer was lost
  if (!failure_.ok() || (report.err == RD_KAFKA_RESP_ERR_NO_ERROR && !elsewhere)) return;
  const std::string place = absl::StrCat(rd_kafka_topic_name(report.rkt), "/", report.partition);
  if (report.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failure_ = FromKafka(report.err, absl::StrCat("writing ", place, " offset ", wanted));
  } else {
    failure_ = absl::DataLossError(absl::StrCat(place, ": what belongs to offset ", wanted, " landed at offset ",
                                                report.offset, "; somebody else wrote to this topic"));
  }
}

}  // namespace datong::kafka
