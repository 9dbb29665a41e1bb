// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/rocksdb_file_system.h"

#include <rocksdb/file_system.h>
#include <rocksdb/io_status.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace datong::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ToRocksDb(const absl::Status& status) {
  if (status.ok()) return IOStatus::OK();
  const Slice words(status.message().data(), status.message().size());
  if (absl::IsNotFound(status)) return IOStatus::PathNotFound(words);
  if (absl::IsFailedPrecondition(status)) return IOStatus::Busy(words);
  if (!absl::IsResourceExhausted(status)) return IOStatus::IOError(words);
  IOStatus full = IOStatus::NoSpace(words);
  full.SetRetryable(true);
  return full;
}

// Reads into `scratch` and lets `result` show what there was.
IOStatus Read(base::RandomAccessFile& file, uint64_t offset, size_t size, Slice* result, char* scratch) {
  const auto got = file.ReadAt(offset, size, scratch);
  *result = Slice(scratch, got.ok() ? *got : 0);
  return ToRocksDb(got.status());
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(std::unique_ptr<base::RandomAccessFile> file) : file_(std::move(file)) {}

  IOStatus Read(size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const IOStatus status = storage::Read(*file_, at_, size, result, scratch);
    at_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t bytes) override {
    at_ += bytes;
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<base::RandomAccessFile> file_;
  uint64_t at_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(std::unique_ptr<base::RandomAccessFile> file) : file_(std::move(file)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return storage::Read(*file_, offset, size, result, scratch);
  }

 private:
  const std::unique_ptr<base::RandomAccessFile> file_;
};

// Nothing is held back here: what was appended is with the layer below, and Flush() has nothing left to do.
class WritableFile final : public rocksdb::FSWritableFile {
 public:
  using rocksdb::FSWritableFile::Append;
  using rocksdb::FSWritableFile::PositionedAppend;

  explicit WritableFile(std::unique_ptr<base::AppendFile> file) : file_(std::move(file)) {}

  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(file_->Append({data.data(), data.size()}));
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    return size == file_->Size() ? IOStatus::OK() : IOStatus::NotSupported("a file that is being written only grows");
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_->Sync()); }
  // A hint to write early, which promises nothing.
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_->Close()); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return file_->Size(); }

 private:
  const std::unique_ptr<base::AppendFile> file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(base::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return ToRocksDb(files_.SyncDirectory(path_)); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  base::FileSystem& files_;
  const std::string path_;
};

class HeldLock final : public rocksdb::FileLock {
 public:
  explicit HeldLock(std::unique_ptr<base::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  const std::unique_ptr<base::FileLock> lock_;
};

class RowFiles final : public rocksdb::FileSystem {
 public:
  RowFiles(base::FileSystem& files, WhenFull when_full) : files_(files), when_full_(when_full) {}

  const char* Name() const override { return "DatongFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    auto file = files_.OpenRead(path);
    if (file.ok()) *result = std::make_unique<SequentialFile>(*std::move(file));
    return ToRocksDb(file.status());
  }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    auto file = files_.OpenRead(path);
    if (file.ok()) *result = std::make_unique<RandomAccessFile>(*std::move(file));
    return ToRocksDb(file.status());
  }

  // A file begun anew: what had this name is gone.
  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    const absl::Status removed = files_.Remove(path);
    if (!removed.ok() && !absl::IsNotFound(removed)) return ToRocksDb(removed);
    auto file = files_.OpenAppend(path);
    if (file.ok()) *result = std::make_unique<WritableFile>(*std::move(file));
    return ToRocksDb(file.status());
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    *result = std::make_unique<Directory>(files_, path);
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const auto exists = files_.Exists(path);
    if (!exists.ok()) return ToRocksDb(exists.status());
    return *exists ? IOStatus::OK() : IOStatus::NotFound(path);
  }

  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    auto names = files_.List(path);
    if (absl::IsNotFound(names.status())) return IOStatus::NotFound(path);
    if (names.ok()) *result = *std::move(names);
    return ToRocksDb(names.status());
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(files_.Remove(path));
  }

  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    const auto exists = files_.Exists(path);
    if (exists.ok() && *exists) return IOStatus::IOError(path, "exists");
    return CreateDirIfMissing(path, options, debug);
  }

  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(files_.MakeDirectories(path));
  }

  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("a folder is never removed", path);
  }

  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* bytes, IODebugContext*) override {
    const auto file = files_.OpenRead(path);
    if (!file.ok()) return ToRocksDb(file.status());
    const auto size = (*file)->Size();
    if (size.ok()) *bytes = *size;
    return ToRocksDb(size.status());
  }

  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, uint64_t*, IODebugContext*) override {
    return IOStatus::NotSupported("nobody asks for the time of a file", path);
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    const size_t slash = to.rfind('/');
    const absl::Status synced = files_.SyncDirectory(slash == std::string::npos ? "." : to.substr(0, slash + 1));
    return ToRocksDb(synced.ok() ? files_.Rename(from, to) : synced);
  }

  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** result, IODebugContext*) override {
    auto lock = files_.Lock(path);
    *result = lock.ok() ? new HeldLock(*std::move(lock)) : nullptr;  // UnlockFile() takes it back
    return ToRocksDb(lock.status());
  }

  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }

  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("a test brings its own folder");
  }

  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result, IODebugContext*) override {
    *result = path;  // told to people only
    return IOStatus::OK();
  }

  // The recovery thread asks this before it tries again. The layer below can't say; trying finds out.
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, uint64_t* bytes, IODebugContext*) override {
    if (when_full_ == WhenFull::kStayFull) return IOStatus::NotSupported("nobody asks how much is free");
    *bytes = std::numeric_limits<uint64_t>::max() / 2;
    return IOStatus::OK();
  }

  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory, IODebugContext*) override {
    const auto exists = files_.Exists(path);
    if (!exists.ok()) return ToRocksDb(exists.status());
    if (!*exists) return IOStatus::PathNotFound(path);
    *is_directory = files_.List(path).ok();
    return IOStatus::OK();
  }

 private:
  base::FileSystem& files_;
  const WhenFull when_full_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewRocksDbFileSystem(base::FileSystem& files, WhenFull when_full) {
  return std::make_shared<RowFiles>(files, when_full);
}

}  // namespace datong::storage
