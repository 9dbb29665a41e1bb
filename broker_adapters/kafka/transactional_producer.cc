// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/transactional_producer.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/committed_positions.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/message_codec.h"
#include "broker_adapters/kafka/message_limits.h"
#include "broker_adapters/kafka/offsets.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

std::string Ms(base::TimeUs time) { return std::to_string(time / 1000); }

using PositionList = CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using GroupMember = CHandle<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;

constexpr base::TimeUs kReturnGraceUs = 1'000'000;

// The partitions a commit touches, each once.
std::vector<KafkaPartition> Touched(const CommitRequest& request) {
  std::set<KafkaPartition> touched;
  for (const CommitRequest::AppendRow& row : request.appends) touched.insert(row.to);
  return {touched.begin(), touched.end()};
}

}  // namespace

struct TransactionalProducer::Failure {
  int code = RD_KAFKA_RESP_ERR_NO_ERROR;
  bool abortable = false;  // abort_transaction() makes the producer good again
  std::string text;
  explicit operator bool() const { return code != RD_KAFKA_RESP_ERR_NO_ERROR; }
};

// rd_kafka_send_offsets_to_transaction() heeds no time limit while a group's coordinator is away: it returns when one
// is back, or never (2.0.2; its issue 5456). So it runs beside whoever waits for it. One that is not waited for any
// longer keeps what its client points to, and ends its client when it returns; what that still sends is void once the
// identity has been opened again.
struct TransactionalProducer::PositionsCall {
  std::vector<broker::Body> bodies;
  PositionList list;
  GroupMember member;
  std::mutex mutex;
  std::condition_variable returned;
  bool has_returned = false;          // guarded by mutex
  rd_kafka_error_t* error = nullptr;  // guarded by mutex; nullptr again when the caller has taken it
  std::shared_ptr<Client> client;     // goes first

  ~PositionsCall() {
    if (error != nullptr) rd_kafka_error_destroy(error);
  }

  void Run(int wait_ms) {
    rd_kafka_error_t* const came_to =
        rd_kafka_send_offsets_to_transaction(client->handle(), list.get(), member.get(), wait_ms);
    const std::lock_guard lock(mutex);
    error = came_to;
    has_returned = true;
    returned.notify_all();
  }
};

// The library's own "as long as the transaction may last" (-1) waits for ever while the coordinator is away.
int TransactionalProducer::WaitMs() const { return static_cast<int>(options_.transaction_timeout / 1000); }

TransactionalProducer::Failure TransactionalProducer::ToFailure(rd_kafka_error_s* error) const {
  if (error == nullptr) return {};
  const CHandle<rd_kafka_error_t, rd_kafka_error_destroy> owned(error);
  return {rd_kafka_error_code(error), rd_kafka_error_txn_requires_abort(error) != 0, rd_kafka_error_string(error)};
}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> TransactionalProducer::Open(
    const KafkaOptions& options, LogEnds& ends, const std::string& identity, const std::string& transactional_id) {
  ASSIGN_OR_RETURN(auto client, Client::Make(Client::Role::kProducer, options,
                                             {{"queue.buffering.max.messages", "1000000"},
                                              {"queue.buffering.max.kbytes", "2097151"}},
                                             {{"transactional.id", transactional_id},
                                              {"transaction.timeout.ms", Ms(options.transaction_timeout)},
                                              {"message.timeout.ms", Ms(options.transaction_timeout)},
                                              {"message.max.bytes", std::to_string(kRecordBytesMax)},
                                              {"delivery.report.only.error", "true"}}));
  std::unique_ptr<TransactionalProducer> producer(
      new TransactionalProducer(options, ends, identity, std::move(client)));
  // A holder that died with a transaction open is waited for: the cluster aborts that first.
  const base::TimeUs wait = options.request_timeout + options.transaction_timeout;
  const Failure failure =
      producer->ToFailure(rd_kafka_init_transactions(producer->client_->handle(), static_cast<int>(wait / 1000)));
  if (!failure) return producer;
  return FromKafka(failure.code, absl::StrCat("opening writer ", identity),
                   absl::StrCat(failure.text, " ", producer->client_->trouble().last()));
}

absl::Status TransactionalProducer::Commit(const CommitRequest& request) {
  RETURN_IF_ERROR(usable_);
  RETURN_IF_ERROR(MeetTopics(request));
  const uint64_t trouble_before = client_->trouble().count();
  const auto troubled = [&] { return TroubledSince(trouble_before); };

  Failure failure = ToFailure(rd_kafka_begin_transaction(client_->handle()));
  if (!failure) failure = Produce(request);
  if (!failure) failure = SendPositions(request);
  // A message that the broker refuses meanwhile breaks this off without a reason. Asked once more, the library tells
  // it.
  if (failure.code == RD_KAFKA_RESP_ERR__STATE) {
    if (Failure reason = SendPositions(request)) failure = std::move(reason);
  }
  // So far nobody has asked for a commit, so nothing can have landed.
  if (failure) return TakeBack(failure, trouble_before, false);

  options_.steps->Reached("transaction.sent");
  failure = ToFailure(rd_kafka_commit_transaction(client_->handle(), WaitMs()));
  options_.steps->Reached("transaction.ended");
  if (troubled()) return InDoubt(client_->trouble().last());
  if (failure.abortable || IsFenced(failure.code)) return TakeBack(failure, trouble_before, true);
  if (failure) return InDoubt(failure.text);

  const absl::Status visible = ends_.AwaitDecided(Touched(request));
  // Asked again: what a connection complained of during the commit is told by another thread, maybe only just now.
  if (troubled()) return InDoubt(client_->trouble().last());
  return visible.ok() ? visible : InDoubt(std::string(visible.message()));
}

// Left alone, the library looks for the leaders of a new topic once a second.
absl::Status TransactionalProducer::MeetTopics(const CommitRequest& request) {
  Deadline deadline(*options_.clock, options_.request_timeout);
  for (const CommitRequest::AppendRow& row : request.appends) {
    if (met_topics_.count(row.to.topic) != 0) continue;
    RETURN_IF_ERROR(AskForKnownTopic(*client_, *options_.clock, row.to.topic, deadline).status());
    met_topics_.insert(row.to.topic);
  }
  return absl::OkStatus();
}

TransactionalProducer::Failure TransactionalProducer::Produce(const CommitRequest& request) {
  Deadline deadline(*options_.clock, options_.transaction_timeout);
  for (const CommitRequest::AppendRow& row : request.appends) {
    if (Failure failure = ProduceOne(row, deadline)) return failure;
  }
  return {};
}

TransactionalProducer::Failure TransactionalProducer::ProduceOne(const CommitRequest::AppendRow& row,
                                                                 Deadline& deadline) {
  const std::string header = EncodeEnvelope(row.envelope);
  // Ours until the library takes the message. Headers that it made itself it frees twice when it refuses a message, as
  // it does for a topic that was deleted or that we may not write (2.0.2).
  CHandle<rd_kafka_headers_t, rd_kafka_headers_destroy> headers(rd_kafka_headers_new(1 + row.attributes.size()));
  const auto add = [&](const char* name, const std::string& value) {
    rd_kafka_header_add(headers.get(), name, -1, value.data(), static_cast<ssize_t>(value.size()));
  };
  add(kEnvelopeHeader, header);
  for (const auto& [name, value] : row.attributes) add(name.c_str(), value);
  const std::string_view body = row.body.bytes();
  rd_kafka_vu_t parts[6];
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = row.to.topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = static_cast<int32_t>(row.to.partition);
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {const_cast<char*>(row.key.data()), row.key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;  // without a flag to copy or free: the library points to our bytes
  parts[3].u.mem = {const_cast<char*>(body.data()), body.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[4].u.i = 0;
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers.get();
  while (true) {
    Failure failure = ToFailure(rd_kafka_produceva(client_->handle(), parts, std::size(parts)));
    if (!failure) (void)headers.release();
    if (failure.code != RD_KAFKA_RESP_ERR__QUEUE_FULL || deadline.Passed()) {
      // Refused before it was sent: whatever it was, the transaction can be taken back.
      failure.abortable = static_cast<bool>(failure);
      return failure;
    }
    deadline.Pause();
  }
}

TransactionalProducer::Failure TransactionalProducer::SendPositions(const CommitRequest& request) {
  for (const auto& [group, rows] : request.positions) {
    const auto call = std::make_shared<PositionsCall>();
    call->client = client_;
    call->list.reset(rd_kafka_topic_partition_list_new(static_cast<int>(rows.size())));
    for (const auto& [from, next] : rows) {
      rd_kafka_topic_partition_t* const one =
          rd_kafka_topic_partition_list_add(call->list.get(), from.topic.c_str(), static_cast<int32_t>(from.partition));
      one->offset = ends_.BehindMarks(from, OffsetOf(next));
      if (PositionOf(one->offset) != next) {
        const std::string remark = RemarkOf(next);
        one->metadata = rd_kafka_mem_malloc(client_->handle(), remark.size());
        remark.copy(static_cast<char*>(one->metadata), remark.size());
        one->metadata_size = remark.size();
      }
    }
    call->member.reset(rd_kafka_consumer_group_metadata_new(group.c_str()));
    for (const CommitRequest::AppendRow& row : request.appends) call->bodies.push_back(row.body);
    std::thread([call, wait_ms = WaitMs()] { call->Run(wait_ms); }).detach();
    std::unique_lock lock(call->mutex);
    const auto wait = std::chrono::microseconds(options_.transaction_timeout + kReturnGraceUs);
    stuck_ = !call->returned.wait_for(lock, wait, [&] { return call->has_returned; });
    if (stuck_) {
      return {RD_KAFKA_RESP_ERR__TIMED_OUT, false,
              absl::StrCat("whoever keeps the positions of group ", group, " does not answer")};
    }
    if (Failure failure = ToFailure(std::exchange(call->error, nullptr))) return failure;
  }
  return {};
}

bool TransactionalProducer::TroubledSince(uint64_t trouble_before) const {
  return client_->trouble().count() != trouble_before;
}

absl::Status TransactionalProducer::TakeBack(const Failure& failure, uint64_t trouble_before, bool commit_asked) {
  if (IsFenced(failure.code)) {
    End(absl::AbortedError(absl::StrCat("writer ", identity_,
                                        " was fenced: a newer holder of this identity exists, or a transaction took ",
                                        "longer than ", Ms(options_.transaction_timeout), " ms; nothing was written")));
    return usable_;
  }
  absl::Status why = FromKafka(failure.code, absl::StrCat("writer ", identity_, ", nothing was written"), failure.text);
  if (absl::IsNotFound(why)) {
    // A broker that is starting may say so of a topic that it will know in a moment: the next commit asks for it.
    met_topics_.clear();
    why = absl::UnavailableError(why.message());
  }
  if (stuck_) {
    End(absl::UnavailableError(absl::StrCat(why.message(), "; open the writer again")));
    return why;
  }
  // With a connection broken, the next holder's start takes back what this one could only wait for. One that broke
  // during the abort may still deliver the abort's first try, into the next transaction.
  if (TroubledSince(trouble_before) || ToFailure(rd_kafka_abort_transaction(client_->handle(), WaitMs())) ||
      TroubledSince(trouble_before)) {
    if (commit_asked) return InDoubt(failure.text);
    End(absl::UnavailableError(absl::StrCat(why.message(), "; open the writer again")));
  }
  return why;
}

absl::Status TransactionalProducer::InDoubt(const std::string& why) {
  End(absl::UnavailableError(
      absl::StrCat("writer ", identity_, ": the connection to Kafka failed during a commit (", why,
                   "); whether it landed is what the topics and positions say after the writer is opened again")));
  return usable_;
}

void TransactionalProducer::End(absl::Status why) {
  usable_ = std::move(why);
  // Now, not when the writer goes: messages still queued point to bodies that the caller is about to release.
  client_.reset();
}

}  // namespace datong::kafka
