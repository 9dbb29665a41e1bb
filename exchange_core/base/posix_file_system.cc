// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "exchange_core/base/file_system.h"
#include "exchange_core/base/status_macros.h"

namespace datong::base {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EISDIR:
    case ESPIPE:  // a pipe or a terminal
    case ELOOP:
    case ENAMETOOLONG:
      return absl::StatusCode::kFailedPrecondition;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case EIO:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status Failed(const char* what, const std::string& path, int error) {
  return absl::Status(CodeOf(error),
                      absl::StrCat(path, ": cannot ", what, ": ", std::generic_category().message(error)));
}

// The system call again while it only says "interrupted".
template <typename Call>
auto Retrying(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

absl::StatusOr<Descriptor> Open(const std::string& path, int flags, const char* what) {
  const int fd = Retrying([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
  if (fd < 0) return Failed(what, path, errno);
  return Descriptor(fd);
}

absl::StatusOr<uint64_t> SizeOf(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Failed("ask the size", path, errno);
  return static_cast<uint64_t>(info.st_size);
}

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(std::string path, Descriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  // Writes at Size() instead of wherever the file ends, so that what a failed append left behind is overwritten by the
  // next.
  absl::Status Append(std::string_view data) override {
    uint64_t at = size_;
    while (!data.empty()) {
      const ssize_t done =
          Retrying([&] { return ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(at)); });
      if (done < 0) return Failed("write", path_, errno);
      data.remove_prefix(static_cast<size_t>(done));
      at += static_cast<uint64_t>(done);
    }
    size_ = at;
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (Retrying([&] { return ::fdatasync(fd_.get()); }) != 0) return Failed("sync", path_, errno);
    return absl::OkStatus();
  }

  absl::Status Close() override {
    const int fd = fd_.Release();
    // On Linux the descriptor is gone even when close() is interrupted: asking again could close somebody else's.
    if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return Failed("close", path_, errno);
    return absl::OkStatus();
  }

  uint64_t Size() const override { return size_; }

 private:
  const std::string path_;
  Descriptor fd_;
  uint64_t size_;
};

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) override {
    size_t got = 0;
    while (got < size) {
      const ssize_t done =
          Retrying([&] { return ::pread(fd_.get(), out + got, size - got, static_cast<off_t>(offset + got)); });
      if (done < 0) return Failed("read", path_, errno);
      if (done == 0) break;
      got += static_cast<size_t>(done);
    }
    return got;
  }

  absl::StatusOr<uint64_t> Size() override { return SizeOf(fd_.get(), path_); }

 private:
  const std::string path_;
  Descriptor fd_;
};

// flock() belongs to the open file, not to the process: a second opener in this process is refused as well.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

absl::Status AlreadyHeld(const std::string& path, int fd) {
  char text[32] = {};
  const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
  std::string holder = got > 0 ? std::string(text, static_cast<size_t>(got)) : "";
  while (!holder.empty() && (holder.back() < '0' || holder.back() > '9')) holder.pop_back();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": held by ", holder.empty() ? "another process" : absl::StrCat("process ", holder)));
}

class PosixFiles final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) override {
    ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_WRONLY | O_CREAT, "open for writing"));
    ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd.get(), path));
    return std::make_unique<PosixAppendFile>(path, std::move(fd), size);
  }

  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_RDONLY, "open"));
    return std::make_unique<PosixRandomAccessFile>(path, std::move(fd));
  }

  absl::Status Truncate(const std::string& path, uint64_t size) override {
    if (Retrying([&] { return ::truncate(path.c_str(), static_cast<off_t>(size)); }) != 0) {
      return Failed("truncate", path, errno);
    }
    return absl::OkStatus();
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return Failed(("rename to " + to).c_str(), from, errno);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return Failed("remove", path, errno);
    return absl::OkStatus();
  }

  absl::Status MakeDirectories(const std::string& path) override {
    for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
      RETURN_IF_ERROR(MakeDirectory(path.substr(0, end)));
    }
    return MakeDirectory(path);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    DIR* const stream = ::opendir(directory.c_str());
    if (stream == nullptr) return Failed("list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return Failed("list", directory, error);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::StatusOr<bool> Exists(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return Failed("look for", path, errno);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    ASSIGN_OR_RETURN(const Descriptor fd, Open(path, O_RDONLY | O_DIRECTORY, "open the folder"));
    if (Retrying([&] { return ::fsync(fd.get()); }) != 0) return Failed("sync the folder", path, errno);
    return absl::OkStatus();
  }

  absl::StatusOr<DiskSpace> Space(const std::string& path) override {
    struct statvfs disk {};
    if (Retrying([&] { return ::statvfs(path.c_str(), &disk); }) != 0) return Failed("ask the disk", path, errno);
    return DiskSpace{uint64_t{disk.f_bavail} * disk.f_frsize, uint64_t{disk.f_blocks} * disk.f_frsize};
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_RDWR | O_CREAT, "open the lock file"));
    if (Retrying([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return AlreadyHeld(path, fd.get());
      return Failed("lock", path, errno);
    }
    // The holder's number is a courtesy to people: a full disk must not make the lock fail.
    const std::string holder = absl::StrCat(::getpid(), "\n");
    if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), holder.data(), holder.size(), 0);
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

 private:
  static absl::Status MakeDirectory(const std::string& path) {
    if (path.empty() || ::mkdir(path.c_str(), 0755) == 0) return absl::OkStatus();
    const int error = errno;
    struct stat info {};
    if (error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
    return Failed("make the folder", path, error);
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFiles files;
  return files;
}

}  // namespace datong::base
