// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/checkpoint_file.h"

#include <absl/strings/str_cat.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"

namespace datong::index {
namespace {

constexpr char kMagic[5] = "DTCK";
constexpr uint16_t kVersion = 3;
constexpr uint64_t kStartBytes = base::kFrameBytes + sizeof(uint32_t) + sizeof(uint64_t);
constexpr uint64_t kCountBytes = sizeof(uint32_t);
constexpr uint64_t kEndBytes = kCountBytes + sizeof(base::Digest);
constexpr size_t kBytesAtOnce = size_t{1} << 20;

// XXH3-128 of what goes by. It is to find damage, nothing else: whoever can write checkpoints could sum them up as
// well, and the ledger, not they, is the proof.
class Sum {
 public:
  Sum() : state_(XXH3_createState(), &XXH3_freeState) {
    DATONG_CHECK(state_ != nullptr && XXH3_128bits_reset(state_.get()) == XXH_OK);
  }
  void Update(std::string_view bytes) { XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()); }
  base::Digest Finish() const {
    const XXH128_hash_t sum = XXH3_128bits_digest(state_.get());
    return {sum.low64, sum.high64};
  }

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

class Writer {
 public:
  explicit Writer(base::AppendFile& file) : file_(file) {}

  absl::Status Append(std::string_view bytes) {
    for (size_t at = 0; at < bytes.size(); at += kBytesAtOnce) {
      const std::string_view piece = bytes.substr(at, kBytesAtOnce);
      sum_.Update(piece);
      RETURN_IF_ERROR(file_.Append(piece));
    }
    return absl::OkStatus();
  }
  absl::Status Finish() {
    std::string sum;
    base::PutFixed(sum, sum_.Finish());
    return file_.Append(sum);
  }

 private:
  base::AppendFile& file_;
  Sum sum_;
};

// Reads from the front and sums up what was read; never passes `end`.
class Reader {
 public:
  Reader(base::RandomAccessFile& file, const std::string& path, uint64_t end) : file_(file), path_(path), end_(end) {}

  uint64_t left() const { return end_ - at_; }
  absl::Status Damaged(std::string_view what) const {
    return absl::DataLossError(absl::StrCat(path_, ": damaged checkpoint, ", base::Absl(what), " (at byte ", at_, ")"));
  }

  absl::Status Read(size_t size, char* out) {
    if (size > left()) return Damaged("it ends too early");
    for (size_t done = 0; done < size;) {
      ASSIGN_OR_RETURN(const size_t got, file_.ReadAt(at_, std::min(size - done, kBytesAtOnce), out + done));
      if (got == 0) return Damaged("it became shorter while it was read");
      sum_.Update({out + done, got});
      at_ += got;
      done += got;
    }
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status ReadFixed(T& value) {
    return Read(sizeof value, reinterpret_cast<char*>(&value));
  }
  absl::Status ReadVarint(uint64_t& value) {
    std::string bytes;
    do {
      char byte;
      RETURN_IF_ERROR(Read(1, &byte));
      bytes.push_back(byte);
    } while ((bytes.back() & 0x80) != 0 && bytes.size() < 10);
    base::ByteReader reader(bytes);
    value = reader.Varint();
    return reader.ok() ? absl::OkStatus() : Damaged("a length is malformed");
  }
  void MoveEnd(uint64_t end) { end_ = end; }
  base::Digest sum() const { return sum_.Finish(); }

 private:
  base::RandomAccessFile& file_;
  const std::string& path_;
  uint64_t at_ = 0;
  uint64_t end_;
  Sum sum_;
};

absl::Status ReadStart(Reader& reader, const std::string& path, const CheckpointIdentity& identity) {
  std::string frame(static_cast<size_t>(std::min<uint64_t>(reader.left(), base::kFrameBytes)), '\0');
  RETURN_IF_ERROR(reader.Read(frame.size(), frame.data()));
  const auto body = base::Unframe(kMagic, kVersion, "checkpoint", frame);
  if (!body.ok()) return absl::Status(body.status().code(), absl::StrCat(path, ": ", body.status().message()));
  CheckpointIdentity found;
  RETURN_IF_ERROR(reader.ReadFixed(found.lane));
  RETURN_IF_ERROR(reader.ReadFixed(found.generation));
  if (found.lane != identity.lane || found.generation != identity.generation) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds generation ", found.generation, " of lane ",
                                                   found.lane, ", which is not what its name says"));
  }
  return absl::OkStatus();
}

absl::Status ReadSection(Reader& reader, CheckpointSection* section) {
  uint64_t name_bytes = 0;
  RETURN_IF_ERROR(reader.ReadVarint(name_bytes));
  if (name_bytes > base::kNameBytesMax) return reader.Damaged("a section's name is too long");
  std::string name(static_cast<size_t>(name_bytes), '\0');
  RETURN_IF_ERROR(reader.Read(name.size(), name.data()));
  uint64_t length = 0, expected = 0;
  RETURN_IF_ERROR(reader.ReadFixed(length));
  RETURN_IF_ERROR(reader.ReadFixed(expected));
  // Held against the file before memory is taken.
  if (length > reader.left()) return reader.Damaged("a section is longer than the file");

  std::string piece;
  std::string& content = section != nullptr ? section->content : piece;
  content.resize(section != nullptr ? length : std::min<uint64_t>(length, kBytesAtOnce));
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> sum(XXH3_createState(), &XXH3_freeState);
  DATONG_CHECK(sum != nullptr && XXH3_64bits_reset(sum.get()) == XXH_OK);
  for (uint64_t done = 0; done < length;) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(length - done, kBytesAtOnce));
    char* to = content.data() + (section != nullptr ? done : 0);
    RETURN_IF_ERROR(reader.Read(size, to));
    XXH3_64bits_update(sum.get(), to, size);
    done += size;
  }
  if (XXH3_64bits_digest(sum.get()) != expected)
    return reader.Damaged(absl::StrCat("section \"", name, "\" does not match its sum"));
  if (section != nullptr) section->name = std::move(name);
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                 const std::vector<CheckpointSection>& sections, const StoredForm& stored_form) {
  ASSIGN_OR_RETURN(auto file, files.OpenAppend(path));
  DATONG_CHECK(file->Size() == 0);
  Writer writer(*file);
  std::string bytes = base::Frame(kMagic, kVersion, {});
  base::PutFixed(bytes, identity.lane);
  base::PutFixed(bytes, identity.generation);
  for (const CheckpointSection& section : sections) {
    DATONG_CHECK(section.name.size() <= base::kNameBytesMax);
    base::PutBytes(bytes, section.name);
    const std::string stored = stored_form(section);
    base::PutFixed<uint64_t>(bytes, stored.size());
    base::PutFixed<uint64_t>(bytes, XXH3_64bits(stored.data(), stored.size()));
    RETURN_IF_ERROR(writer.Append(bytes));
    RETURN_IF_ERROR(writer.Append(stored));
    bytes.clear();
  }
  base::PutFixed(bytes, static_cast<uint32_t>(sections.size()));
  RETURN_IF_ERROR(writer.Append(bytes));
  RETURN_IF_ERROR(writer.Finish());
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

absl::Status ReadCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                const TakeSection& take) {
  ASSIGN_OR_RETURN(auto file, files.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  Reader reader(*file, path, size);
  RETURN_IF_ERROR(ReadStart(reader, path, identity));
  if (size < kStartBytes + kEndBytes) return reader.Damaged("it ends too early");
  reader.MoveEnd(size - kEndBytes);
  uint32_t count = 0;
  for (; reader.left() > 0; ++count) {
    CheckpointSection section;
    RETURN_IF_ERROR(ReadSection(reader, take ? &section : nullptr));
    if (take) RETURN_IF_ERROR(take(std::move(section)));
  }
  reader.MoveEnd(size - kEndBytes + kCountBytes);
  uint32_t expected = 0;
  RETURN_IF_ERROR(reader.ReadFixed(expected));
  base::Digest stored;
  ASSIGN_OR_RETURN(const size_t got,
                   file->ReadAt(size - sizeof stored, sizeof stored, reinterpret_cast<char*>(&stored)));
  if (got != sizeof stored || stored != reader.sum()) return reader.Damaged("its sum does not match");
  if (expected != count) return reader.Damaged(absl::StrCat("it holds ", count, " sections instead of ", expected));
  return absl::OkStatus();
}

}  // namespace datong::index
