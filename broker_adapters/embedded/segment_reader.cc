// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/embedded/segment_reader.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::embedded {
namespace {

constexpr size_t kOpenFilesMax = 64;

}  // namespace

absl::StatusOr<SegmentReader::Block> SegmentReader::Read(broker::TopicKind kind, const BlockLocation& location) {
  const std::string path = absl::StrCat(directory_, "/", SegmentFileName(kind, location.segment));
  const auto damaged = [&](std::string_view why) {
    return absl::DataLossError(
        absl::StrCat(path, ", offset ", location.offset, ": ", base::Absl(why), ". Restore the file from a backup"));
  };
  auto file = File(kind, location.segment);
  if (!file.ok()) {
    if (absl::IsNotFound(file.status())) return damaged("the segment file is missing");
    return file.status();
  }
  char head[kBlockHeaderBytes];
  ASSIGN_OR_RETURN(const size_t head_got, (*file)->ReadAt(location.offset, sizeof head, head));
  BlockHeader header;
  if (head_got < sizeof head) return damaged("the file ends before the block");
  if (!ParseBlockHeader({head, sizeof head}, header)) return damaged("the block's header is damaged");
  if (header.length != location.length || header.checksum != location.checksum) {
    return damaged("another block stands where this one should");
  }
  Block block{std::make_unique_for_overwrite<char[]>(location.length), location.length};
  ASSIGN_OR_RETURN(const size_t got, (*file)->ReadAt(location.offset + sizeof head, block.size, block.memory.get()));
  if (got < block.size) return damaged("the file ends inside the block");
  if (BlockChecksum(header, block.bytes()) != header.checksum) return damaged("the block fails its checksum");
  return block;
}

void SegmentReader::Forget(broker::TopicKind kind, uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({static_cast<uint8_t>(kind), number});
  if (it == open_.end()) return;
  recent_.erase(it->second);
  open_.erase(it);
}

absl::StatusOr<std::shared_ptr<base::RandomAccessFile>> SegmentReader::File(broker::TopicKind kind, uint32_t number) {
  const Key key{static_cast<uint8_t>(kind), number};
  const std::lock_guard lock(mutex_);
  if (const auto it = open_.find(key); it != open_.end()) {
    recent_.splice(recent_.begin(), recent_, it->second);
    return it->second->file;
  }
  ASSIGN_OR_RETURN(auto opened, files_.OpenRead(absl::StrCat(directory_, "/", SegmentFileName(kind, number))));
  recent_.push_front({key, std::shared_ptr<base::RandomAccessFile>(std::move(opened))});
  open_[key] = recent_.begin();
  if (recent_.size() > kOpenFilesMax) {
    open_.erase(recent_.back().key);
    recent_.pop_back();
  }
  return recent_.front().file;
}

}  // namespace datong::embedded
