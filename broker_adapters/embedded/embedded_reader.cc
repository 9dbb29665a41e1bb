// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/embedded_reader.h"

#include <absl/strings/str_cat.h>
#include <rocksdb/db.h>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::embedded {

absl::Status EmbeddedReader::CheckKept() const {
  const PartitionRow bounds = engine_.Visible(topic_, partition_);
  if (next_ >= bounds.kept_from) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(topic_.name, "/", partition_, ": position ", next_,
                                            " was dropped by retention; the first kept is ", bounds.kept_from));
}

absl::StatusOr<std::vector<broker::Message>> EmbeddedReader::Poll(const broker::ReadLimits& limits) {
  std::vector<broker::Message> messages;
  RETURN_IF_ERROR(CheckKept());
  const broker::Position end = engine_.Visible(topic_, partition_).end;
  if (next_ >= end || limits.messages_max == 0) return messages;

  const std::string end_key = MessageKey(topic_.id, partition_, end);
  const rocksdb::Slice bound(end_key);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> row(engine_.rows().NewIterator(options));
  size_t bytes = 0;
  broker::Position next = next_;
  for (row->Seek(MessageKey(topic_.id, partition_, next_)); row->Valid(); row->Next()) {
    const broker::Position position = PositionOfMessageKey(row->key().ToStringView());
    auto message = engine_.ToMessage(topic_, partition_, position, row->value().ToStringView());
    if (!message.ok()) {
      if (!messages.empty()) break;  // those before the damage are good; the next call tells
      RETURN_IF_ERROR(CheckKept());  // retention took the file away under this reader
      return message.status();
    }
    bytes += message->key.size() + message->envelope.size() + message->body.bytes().size();
    next = position + 1;
    messages.push_back(*std::move(message));
    if (messages.size() >= limits.messages_max || bytes >= limits.bytes_max) break;
  }
  RETURN_IF_ERROR(storage::FromRocksDb(row->status(), absl::StrCat(topic_.name, "/", partition_, " position ", next)));
  // Retention may have dropped rows between the look at the bounds and the iterator's snapshot; what it skipped then is
  // not "nothing there".
  RETURN_IF_ERROR(CheckKept());
  next_ = next;
  return messages;
}

}  // namespace datong::embedded
