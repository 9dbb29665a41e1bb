// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_transaction.h"

#include <absl/strings/str_cat.h>

#include "broker_adapters/kafka/message_limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/broker/written_topics.h"

namespace datong::kafka {
namespace {

absl::Status CheckSize(const char* what, size_t size, size_t max, const broker::TopicPartition& to) {
  if (size <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("message to ", to.topic, "/", to.partition, ": its ", what, " has ",
                                                 size, " bytes, at most ", max, " are possible"));
}

}  // namespace

KafkaTransaction::KafkaTransaction(const Names& names, TopicDirectory& topics, ToldOfCommits& listener,
                                   std::shared_ptr<WriterState> writer)
    : names_(names), topics_(topics), listener_(listener), writer_(std::move(writer)) {
  writer_->transaction_open = true;
}

void KafkaTransaction::Refuse(absl::Status why) {
  if (refused_.ok()) refused_ = std::move(why);
}

bool KafkaTransaction::Resolve(const broker::TopicPartition& name, KafkaPartition& place) {
  auto kafka_topic = topics_.Find(name);
  if (!kafka_topic.ok()) {
    Refuse(kafka_topic.status());
    return false;
  }
  place = {*std::move(kafka_topic), name.partition};
  return true;
}

void KafkaTransaction::AppendReadable(const broker::TopicPartition& to, std::string key, std::string envelope,
                                      broker::Body body, broker::Attributes attributes) {
  Refuse(CheckSize("key", key.size(), kKeyBytesMax, to));
  Refuse(CheckSize("envelope", envelope.size(), kEnvelopeBytesMax, to));
  Refuse(CheckSize("body", body.bytes().size(), base::kBatchBytesMax, to));
  size_t attribute_bytes = 0;
  for (const auto& [name, value] : attributes) attribute_bytes += name.size() + value.size();
  Refuse(CheckSize("attributes", attribute_bytes, kAttributeBytesMax, to));
  KafkaPartition place;
  if (!refused_.ok() || !Resolve(to, place)) return;
  broker::NoteWritten(to.topic, topics_written_);
  request_.appends.push_back(
      {std::move(place), std::move(key), std::move(envelope), std::move(body), std::move(attributes)});
}

void KafkaTransaction::AdvancePosition(std::string_view group, const broker::TopicPartition& from,
                                       broker::Position next) {
  Refuse(CheckSize("group name", group.size(), base::kNameBytesMax, from));
  KafkaPartition place;
  if (!refused_.ok() || !Resolve(from, place)) return;
  request_.positions[names_.Group(group)][std::move(place)] = next;
}

absl::Status KafkaTransaction::Commit() {
  if (!open_) return absl::FailedPreconditionError("the transaction is over: it was committed or aborted before");
  open_ = false;
  writer_->transaction_open = false;
  RETURN_IF_ERROR(refused_);
  RETURN_IF_ERROR(writer_->producer->usable());
  if (!request_.appends.empty() || !request_.positions.empty()) {
    const absl::Status status = writer_->producer->Commit(request_);
    if (absl::IsNotFound(status)) topics_.ForgetAll();  // deleted since it was found
    RETURN_IF_ERROR(status);
  }
  listener_.Tell(topics_written_);
  return absl::OkStatus();
}

void KafkaTransaction::Abort() {
  if (!open_) return;
  open_ = false;
  writer_->transaction_open = false;
}

absl::StatusOr<std::unique_ptr<broker::Transaction>> KafkaWriter::Begin() {
  if (state_->transaction_open) {
    return absl::FailedPreconditionError(
        absl::StrCat("writer ", state_->identity, " has an open transaction: commit or abort it first"));
  }
  RETURN_IF_ERROR(state_->producer->usable());
  return std::make_unique<KafkaTransaction>(names_, topics_, listener_, state_);
}

}  // namespace datong::kafka
