// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/payload_compression.h"

#include <absl/strings/str_cat.h>
#include <lz4.h>
#include <zstd.h>

#include <memory>

#include "exchange_core/base/limits.h"

namespace datong::record {
namespace {

// Level 1: the batch is compressed once by its publisher and sits on the path of every record; higher levels cost
// several times more for a few per cent.
constexpr int kZstdLevel = 1;
constexpr size_t kScratchKeptBytes = size_t{2} << 20;

// A compressor needs room for its worst case. It is kept from batch to batch; a rare huge one is given back.
class Scratch {
 public:
  char* Room(size_t bytes) {
    if (bytes > size_) {
      room_ = std::make_unique_for_overwrite<char[]>(bytes);
      size_ = bytes;
    }
    return room_.get();
  }
  void Done() {
    if (size_ <= kScratchKeptBytes) return;
    room_.reset();
    size_ = 0;
  }

 private:
  std::unique_ptr<char[]> room_;
  size_t size_ = 0;
};

ZSTD_CCtx* ThreadCompressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  return context.get();
}

ZSTD_DCtx* ThreadDecompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  return context.get();
}

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

absl::Status Damaged(std::string detail) {
  return absl::DataLossError(absl::StrCat("record batch is damaged: payload ", detail, "; fetch the batch again"));
}

absl::Status DecompressLz4(std::string_view stored, uint32_t payload_bytes, std::string& into) {
  // One byte of LZ4 stands for at most 255 bytes.
  if (payload_bytes > (stored.size() + 1) * 255) return Damaged("claims more bytes than LZ4 can hold in it");
  into.resize(payload_bytes);
  const int got =
      LZ4_decompress_safe(stored.data(), into.data(), static_cast<int>(stored.size()), static_cast<int>(payload_bytes));
  if (got != static_cast<int>(payload_bytes)) return Damaged("does not decompress (lz4) to its stated length");
  return absl::OkStatus();
}

absl::Status DecompressLz4Front(std::string_view stored, uint32_t front_bytes, std::string& into) {
  if (front_bytes > (stored.size() + 1) * 255) return Damaged("claims more bytes than LZ4 can hold in it");
  into.resize(front_bytes);
  const int got = LZ4_decompress_safe_partial(stored.data(), into.data(), static_cast<int>(stored.size()),
                                              static_cast<int>(front_bytes), static_cast<int>(front_bytes));
  if (got != static_cast<int>(front_bytes)) return Damaged("does not decompress (lz4) to its stated length");
  return absl::OkStatus();
}

absl::Status DecompressZstd(std::string_view stored, uint32_t payload_bytes, std::string& into) {
  // The frame repeats the length; one that hides it was not written by the encoder.
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != payload_bytes) {
    return Damaged("has a zstd frame of another length than stated");
  }
  // A block header of 3 bytes stands for at most one block.
  if (payload_bytes / ZSTD_BLOCKSIZE_MAX > stored.size() / 3)
    return Damaged("claims more bytes than zstd can hold in it");
  into.resize(payload_bytes);
  const size_t got = ZSTD_decompressDCtx(ThreadDecompressor(), into.data(), into.size(), stored.data(), stored.size());
  if (ZSTD_isError(got)) return Damaged(absl::StrCat("does not decompress (zstd: ", ZSTD_getErrorName(got), ")"));
  if (got != payload_bytes) return Damaged("does not decompress (zstd) to its stated length");
  return absl::OkStatus();
}

}  // namespace

absl::Status CompressPayload(Codec codec, std::string_view payload, std::string& out) {
  if (payload.empty()) return absl::OkStatus();
  if (codec == Codec::kNone) {
    out.append(payload);
    return absl::OkStatus();
  }
  Scratch& scratch = ThreadScratch();
  if (codec == Codec::kLz4) {
    const int bound = LZ4_compressBound(static_cast<int>(payload.size()));
    char* room = scratch.Room(static_cast<size_t>(bound));
    const int stored = LZ4_compress_default(payload.data(), room, static_cast<int>(payload.size()), bound);
    if (stored <= 0) return absl::InternalError("lz4 refused to compress a payload within its own bound");
    out.append(room, static_cast<size_t>(stored));
  } else {
    const size_t bound = ZSTD_compressBound(payload.size());
    char* room = scratch.Room(bound);
    const size_t stored =
        ZSTD_compressCCtx(ThreadCompressor(), room, bound, payload.data(), payload.size(), kZstdLevel);
    if (ZSTD_isError(stored)) return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(stored)));
    out.append(room, stored);
  }
  scratch.Done();
  return absl::OkStatus();
}

absl::Status DecompressPayload(Codec codec, std::string_view stored, uint32_t payload_bytes, std::string& into) {
  into.clear();
  if (payload_bytes > base::kBatchPayloadBytesMax) return Damaged("is stated larger than any may be");
  if (payload_bytes == 0) return stored.empty() ? absl::OkStatus() : Damaged("is stated empty but is not");
  switch (codec) {
    case Codec::kNone:
      if (stored.size() != payload_bytes) return Damaged("has another length than stated");
      into.assign(stored);
      return absl::OkStatus();
    case Codec::kLz4:
      return DecompressLz4(stored, payload_bytes, into);
    case Codec::kZstd:
      return DecompressZstd(stored, payload_bytes, into);
  }
  return absl::UnimplementedError(absl::StrCat("record batch: unknown codec ", static_cast<int>(codec)));
}

absl::Status DecompressPayloadFront(Codec codec, std::string_view stored, uint32_t payload_bytes, uint32_t front_bytes,
                                    std::string& into) {
  if (codec != Codec::kLz4 || front_bytes >= payload_bytes) {
    return DecompressPayload(codec, stored, payload_bytes, into);
  }
  if (payload_bytes > base::kBatchPayloadBytesMax) return Damaged("is stated larger than any may be");
  return DecompressLz4Front(stored, front_bytes, into);
}

}  // namespace datong::record
