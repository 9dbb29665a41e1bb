// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/control_topic.h"

#include "exchange_core/base/status_macros.h"

namespace datong::node {

absl::Status ReplayControlTopic(broker::Broker& broker, const std::string& topic,
                                const std::function<absl::Status(std::string_view body)>& apply) {
  return ControlTail(broker, topic, apply).CatchUp();
}

absl::Status ControlTail::CatchUp() {
  const std::lock_guard lock(mutex_);
  // Bounds() waits until what was begun before it is decided: a reader alone would stop before it and not tell.
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker_.Bounds({topic_, 0}));
  if (reader_ == nullptr) {
    ASSIGN_OR_RETURN(reader_, broker_.OpenReader({topic_, 0}, bounds.begin));
  }
  return reader_->next() >= bounds.end ? absl::OkStatus() : ReadToEnd();
}

absl::Status ControlTail::Follow() {
  const std::lock_guard lock(mutex_);
  if (reader_ == nullptr) {
    ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker_.Bounds({topic_, 0}));
    ASSIGN_OR_RETURN(reader_, broker_.OpenReader({topic_, 0}, bounds.begin));
  }
  return ReadToEnd();
}

absl::Status ControlTail::ReadToEnd() {
  while (true) {
    ASSIGN_OR_RETURN(const auto messages, reader_->Poll({}));
    if (messages.empty()) return absl::OkStatus();
    for (const broker::Message& message : messages) {
      if (const absl::Status applied = apply_(message.body.bytes()); !applied.ok()) {
        reader_->Seek(message.position);
        return applied;
      }
    }
  }
}

}  // namespace datong::node
