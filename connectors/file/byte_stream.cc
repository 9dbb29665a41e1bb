// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/byte_stream.h"

#include <absl/strings/str_cat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

constexpr size_t kStoredChunkBytes = size_t{256} << 10;
constexpr uint64_t kSkipBytesPerCall = uint64_t{64} << 20;

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(std::shared_ptr<base::RandomAccessFile> file) : file_(std::move(file)) {}

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset_, size, out));
    offset_ += got;
    return got;
  }
  absl::StatusOr<uint64_t> SkipTowards(uint64_t offset) override { return offset_ = std::max(offset, offset_); }
  uint64_t stored_bytes_read() const override { return offset_; }

 private:
  std::shared_ptr<base::RandomAccessFile> file_;
  uint64_t offset_ = 0;
};

// Several members one after the other are one content, as gzip itself has it.
class GzipStream final : public ByteStream {
 public:
  GzipStream(std::shared_ptr<base::RandomAccessFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)), stored_(kStoredChunkBytes) {
    DATONG_CHECK(inflateInit2(&inflate_, 15 + 16) == Z_OK);
  }
  ~GzipStream() override { inflateEnd(&inflate_); }

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    inflate_.next_out = reinterpret_cast<Bytef*>(out);
    inflate_.avail_out = static_cast<uInt>(std::min<size_t>(size, size_t{1} << 30));
    const size_t wanted = inflate_.avail_out;
    while (inflate_.avail_out == wanted && !ended_) RETURN_IF_ERROR(InflateSome());
    const size_t got = wanted - inflate_.avail_out;
    content_offset_ += got;
    return got;
  }

  absl::StatusOr<uint64_t> SkipTowards(uint64_t offset) override {
    std::array<char, 64 << 10> skipped;
    const uint64_t stop = std::min(offset, content_offset_ + kSkipBytesPerCall);
    while (content_offset_ < stop) {
      ASSIGN_OR_RETURN(const size_t got,
                       Read(skipped.data(), std::min<uint64_t>(skipped.size(), stop - content_offset_)));
      if (got == 0) return absl::OutOfRangeError(absl::StrCat(path_, " ends before the position to go on from"));
    }
    return content_offset_;
  }

  uint64_t stored_bytes_read() const override { return stored_offset_ - inflate_.avail_in; }

 private:
  absl::Status InflateSome() {
    if (inflate_.avail_in == 0) RETURN_IF_ERROR(Refill());
    if (inflate_.avail_in == 0) {
      if (!member_open_) return ended_ = true, absl::OkStatus();
      return absl::OutOfRangeError(absl::StrCat(path_, " breaks off inside its gzip data after ", stored_offset_,
                                                " bytes; fetch the file again"));
    }
    if (!member_open_) {
      // gzip ignores anything but a further member behind a complete one (zero padding, for one).
      if (*inflate_.next_in != 0x1f) return ended_ = true, absl::OkStatus();
      inflateReset(&inflate_);
      member_open_ = true;
    }
    const int result = inflate(&inflate_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      member_open_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return absl::DataLossError(absl::StrCat(path_, " is damaged: its gzip data does not decompress near byte ",
                                              stored_bytes_read(), "; fetch the file again"));
    }
    return absl::OkStatus();
  }

  absl::Status Refill() {
    ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(stored_offset_, stored_.size(), stored_.data()));
    stored_offset_ += got;
    inflate_.next_in = reinterpret_cast<Bytef*>(stored_.data());
    inflate_.avail_in = static_cast<uInt>(got);
    return absl::OkStatus();
  }

  std::shared_ptr<base::RandomAccessFile> file_;
  std::string path_;
  std::vector<char> stored_;
  z_stream inflate_{};
  uint64_t stored_offset_ = 0;
  uint64_t content_offset_ = 0;
  bool member_open_ = true;
  bool ended_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenContent(std::shared_ptr<base::RandomAccessFile> file,
                                                        const std::string& path) {
  std::array<char, 2> magic{};
  ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, magic.size(), magic.data()));
  if (got == 2 && magic[0] == '\x1f' && magic[1] == '\x8b') return std::make_unique<GzipStream>(std::move(file), path);
  return std::make_unique<PlainStream>(std::move(file));
}

}  // namespace datong::file
