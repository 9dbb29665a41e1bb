// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/embedded_transaction.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/broker/written_topics.h"

namespace datong::embedded {
namespace {

constexpr size_t kKeyBytesMax = size_t{1} << 10;
constexpr size_t kEnvelopeBytesMax = size_t{1} << 20;

absl::Status CheckSize(const char* what, size_t size, size_t max, const broker::TopicPartition& to) {
  if (size <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("message to ", to.topic, "/", to.partition, ": its ", what, " has ",
                                                 size, " bytes, at most ", max, " are possible"));
}

}  // namespace

absl::Status FencedError(const WriterState& writer) {
  return absl::AbortedError(
      absl::StrCat("writer ", writer.identity, " was fenced: a newer holder of this identity exists"));
}

EmbeddedTransaction::EmbeddedTransaction(EmbeddedEngine& engine, std::shared_ptr<WriterState> writer)
    : engine_(engine), writer_(std::move(writer)) {
  writer_->transaction_open = true;
  request_.writer = writer_.get();
}

void EmbeddedTransaction::Refuse(absl::Status why) {
  if (refused_.ok()) refused_ = std::move(why);
}

TopicState* EmbeddedTransaction::Resolve(const broker::TopicPartition& name) {
  if (last_topic_ != nullptr && last_name_ == name) return last_topic_;
  auto found = engine_.Find(name);
  if (!found.ok()) {
    Refuse(found.status());
    return nullptr;
  }
  last_name_ = name;
  last_topic_ = *found;
  return last_topic_;
}

void EmbeddedTransaction::Append(const broker::TopicPartition& to, std::string key, std::string envelope,
                                 broker::Body body) {
  TopicState* const topic = Resolve(to);
  if (topic == nullptr) return;
  Refuse(CheckSize("key", key.size(), kKeyBytesMax, to));
  Refuse(CheckSize("envelope", envelope.size(), kEnvelopeBytesMax, to));
  Refuse(CheckSize("body", body.bytes().size(), base::kBatchBytesMax, to));
  request_.bytes += key.size() + envelope.size() + body.bytes().size();
  broker::NoteWritten(to.topic, request_.topics_written);
  request_.appends.push_back({topic, to.partition, std::move(key), std::move(envelope), std::move(body)});
}

void EmbeddedTransaction::AdvancePosition(std::string_view group, const broker::TopicPartition& from,
                                          broker::Position next) {
  const TopicState* const topic = Resolve(from);
  if (topic == nullptr) return;
  Refuse(CheckSize("group name", group.size(), base::kNameBytesMax, from));
  request_.advances.push_back({GroupKey(topic->id, from.partition, group), next});
}

absl::Status EmbeddedTransaction::Commit() {
  if (!open_) return absl::FailedPreconditionError("the transaction is over: it was committed or aborted before");
  open_ = false;
  const absl::Status status = refused_.ok() ? engine_.Commit(request_) : refused_;
  writer_->transaction_open = false;
  return status;
}

void EmbeddedTransaction::Abort() {
  if (!open_) return;
  open_ = false;
  writer_->transaction_open = false;
}

absl::StatusOr<std::unique_ptr<broker::Transaction>> EmbeddedWriter::Begin() {
  if (state_->transaction_open) {
    return absl::FailedPreconditionError(
        absl::StrCat("writer ", state_->identity, " has an open transaction: commit or abort it first"));
  }
  if (engine_.Fenced(*state_)) return FencedError(*state_);
  return std::make_unique<EmbeddedTransaction>(engine_, state_);
}

}  // namespace datong::embedded
