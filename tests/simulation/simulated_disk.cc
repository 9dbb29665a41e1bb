// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulated_disk.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"
#include "tests/simulation/simulated_file.h"
#include "tests/simulation/simulated_names.h"

namespace datong::simulation {
namespace {

// As names go, however they are written.
bool IsBelow(const std::string& path, const std::string& folder) {
  const std::string inner = std::filesystem::path(path).lexically_normal().string();
  return inner.starts_with(std::filesystem::path(folder).lexically_normal().string() + "/");
}

using Kind = SimulatedDisk::Operation::Kind;
using Spot = SimulatedNames::Spot;

absl::Status Failed(absl::StatusCode code, std::string_view what, std::string_view path, std::string_view why) {
  return absl::Status(code, absl::StrCat(base::Absl(path), ": cannot ", base::Absl(what), ": ", base::Absl(why)));
}

absl::Status Missing(std::string_view what, std::string_view path) {
  return Failed(absl::StatusCode::kNotFound, what, path, "No such file or directory");
}

absl::Status IsFolder(std::string_view what, std::string_view path) {
  return Failed(absl::StatusCode::kFailedPrecondition, what, path, "Is a directory");
}

}  // namespace

struct SimulatedDisk::Impl {
  explicit Impl(base::RandomSource& random_source) : random(random_source) {}

  // Whether a call that comes from life `caller_life` of the machine is heard.
  absl::Status Heard(uint64_t caller_life, std::string_view what, std::string_view path) const {
    if (!answering) return Failed(absl::StatusCode::kUnavailable, what, path, "the machine is dying");
    if (caller_life == life) return absl::OkStatus();
    return Failed(absl::StatusCode::kUnavailable, what, path, "it was opened before the machine or the process died");
  }
  absl::Status Heard(std::string_view what, std::string_view path) const { return Heard(life, what, path); }

  // Before an operation takes place.
  absl::Status Begin(const Operation& operation, std::string_view what) {
    const uint64_t life_before = life;
    if (on_operation) on_operation(operation);
    return Heard(life_before, what, operation.path);
  }
  bool IsLost(const Operation& sync) const { return lost_syncs && lost_syncs(sync); }

  uint64_t room() const {
    if (capacity == 0) return std::numeric_limits<uint64_t>::max();
    return capacity > used ? capacity - used : 0;
  }

  // Writes what there is room for; returns how many bytes that was.
  uint64_t Write(SimulatedNode& node, uint64_t offset, std::string_view data) {
    const uint64_t size_before = node.file.size();
    const uint64_t space = room();
    const uint64_t end_max = space > std::numeric_limits<uint64_t>::max() - size_before ? space : size_before + space;
    if (offset >= end_max) return 0;
    data = data.substr(0, std::min<uint64_t>(data.size(), end_max - offset));
    node.file.Write(offset, data);
    used += node.file.size() - size_before;
    return data.size();
  }

  // A file without a name takes space as long as it is open.
  void GiveBackSpace(const SimulatedNodePtr& node) {
    if (node != nullptr && !node->is_folder && node->named == 0 && node->handles == 0) used -= node->file.size();
  }

  void EndLife() {
    ++life;
    answering = true;
    used = 0;
    SimulatedNames::VisitFiles(*names.root(), "", [&](const std::string&, const SimulatedNodePtr& node) {
      used += node->file.size();
      node->handles = 0;
    });
  }

  // The file at `path`, created when it is missing.
  absl::StatusOr<SimulatedNodePtr> OpenOrCreate(const std::string& path, const char* what) {
    RETURN_IF_ERROR(Heard(what, path));
    const Spot spot = names.Look(path);
    if (spot.node != nullptr && spot.node->is_folder) return IsFolder(what, path);
    if (spot.node != nullptr) return spot.node;
    if (spot.folder == nullptr) return Missing(what, path);
    RETURN_IF_ERROR(Begin({Kind::kCreate, path}, what));
    return names.Create(spot, false);
  }

  base::RandomSource& random;
  OnOperation on_operation;
  SyncFilter lost_syncs;
  SimulatedNames names;
  uint64_t capacity = 0;
  uint64_t used = 0;
  uint64_t life = 1;  // one more after every death of the machine or the process
  bool answering = true;

  class Handle;
  class Appender;
  class Reader;
  class LockHolder;
};

// An open file. It refers to the file and not to its name, as a descriptor does.
class SimulatedDisk::Impl::Handle {
 public:
  Handle(Impl& disk, std::string path, SimulatedNodePtr node)
      : disk_(disk), path_(std::move(path)), node_(std::move(node)), life_(disk.life) {
    ++node_->handles;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { Release(); }

  absl::Status Heard(const char* what) const {
    RETURN_IF_ERROR(disk_.Heard(life_, what, path_));
    if (node_ == nullptr) return Failed(absl::StatusCode::kUnavailable, what, path_, "Bad file descriptor");
    return absl::OkStatus();
  }

  void Release() {
    const SimulatedNodePtr node = std::exchange(node_, nullptr);
    if (node == nullptr || !is_of_this_life()) return;
    --node->handles;
    disk_.GiveBackSpace(node);
  }

  bool closed() const { return node_ == nullptr; }
  bool is_of_this_life() const { return life_ == disk_.life; }
  Impl& disk() const { return disk_; }
  const std::string& path() const { return path_; }
  SimulatedNode& node() const { return *node_; }

 private:
  Impl& disk_;
  const std::string path_;
  SimulatedNodePtr node_;  // null when closed
  const uint64_t life_;
};

class SimulatedDisk::Impl::Appender final : public base::AppendFile {
 public:
  Appender(Impl& disk, const std::string& path, SimulatedNodePtr node)
      : size_(node->file.size()), handle_(disk, path, std::move(node)) {}

  absl::Status Append(std::string_view data) override {
    RETURN_IF_ERROR(handle_.Heard("write"));
    Impl& disk = handle_.disk();
    const absl::Status begun = disk.Begin({Kind::kAppend, handle_.path(), data.size()}, "write");
    if (!begun.ok()) {
      // Died in the middle of it: a part may have reached the file.
      if (handle_.is_of_this_life()) {
        disk.Write(handle_.node(), size_, data.substr(0, disk.random.Below(data.size() + 1)));
      }
      return begun;
    }
    if (disk.Write(handle_.node(), size_, data) < data.size()) {
      return Failed(absl::StatusCode::kResourceExhausted, "write", handle_.path(), "No space left on device");
    }
    size_ += data.size();
    return absl::OkStatus();
  }

  // Not inlined, so that the return address is that of whoever wants the file synced.
  [[gnu::noinline]] absl::Status Sync() override {
    const Operation operation{Kind::kSync, handle_.path(), 0, __builtin_return_address(0)};
    RETURN_IF_ERROR(handle_.Heard("sync"));
    RETURN_IF_ERROR(handle_.disk().Begin(operation, "sync"));
    if (!handle_.disk().IsLost(operation)) handle_.node().file.Sync();
    return absl::OkStatus();
  }

  absl::Status Close() override {
    if (handle_.closed()) return absl::OkStatus();
    RETURN_IF_ERROR(handle_.Heard("close"));
    handle_.Release();
    return absl::OkStatus();
  }

  uint64_t Size() const override { return size_; }

 private:
  uint64_t size_;
  Handle handle_;
};

class SimulatedDisk::Impl::Reader final : public base::RandomAccessFile {
 public:
  Reader(Impl& disk, const std::string& path, SimulatedNodePtr node) : handle_(disk, path, std::move(node)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) override {
    RETURN_IF_ERROR(handle_.Heard("read"));
    const std::string_view content = handle_.node().file.content();
    return offset >= content.size() ? size_t{0} : content.copy(out, size, offset);
  }

  absl::StatusOr<uint64_t> Size() override {
    RETURN_IF_ERROR(handle_.Heard("ask the size"));
    return handle_.node().file.size();
  }

 private:
  Handle handle_;
};

class SimulatedDisk::Impl::LockHolder final : public base::FileLock {
 public:
  LockHolder(SimulatedNodePtr node, uint64_t life) : node_(std::move(node)), life_(life) { node_->locked_in = life; }
  ~LockHolder() override {
    if (node_->locked_in == life_) node_->locked_in = 0;
  }

 private:
  const SimulatedNodePtr node_;
  const uint64_t life_;
};

SimulatedDisk::SimulatedDisk(base::RandomSource& random) : impl_(std::make_unique<Impl>(random)) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::SetOnOperation(OnOperation on_operation) { impl_->on_operation = std::move(on_operation); }
void SimulatedDisk::SetLostSyncs(SyncFilter lost) { impl_->lost_syncs = std::move(lost); }
void SimulatedDisk::SetCapacity(uint64_t bytes) { impl_->capacity = bytes; }
uint64_t SimulatedDisk::BytesUsed() const { return impl_->used; }
void SimulatedDisk::StopAnswering() { impl_->answering = false; }
bool SimulatedDisk::answering() const { return impl_->answering; }
void SimulatedDisk::KillProcess() { impl_->EndLife(); }

std::vector<std::string> SimulatedDisk::CutPower() {
  std::vector<std::string> lines = impl_->names.CutPower(impl_->random);
  SimulatedNames::VisitFiles(*impl_->names.root(), "", [&](const std::string& path, const SimulatedNodePtr& node) {
    const std::optional<std::string> lost = node->file.CutPower(impl_->random);
    if (lost) lines.push_back(absl::StrCat(path, ": ", *lost));
  });
  impl_->EndLife();
  return lines;
}

void SimulatedDisk::Place(const std::string& path, std::string content) {
  SimulatedNames& names = impl_->names;
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const Spot folder = names.Look(path.substr(0, end));
    if (folder.node != nullptr) continue;
    DATONG_CHECK(folder.folder != nullptr);
    names.Create(folder, true);
    names.SyncName(folder);
  }
  const Spot spot = names.Look(path);
  DATONG_CHECK(spot.folder != nullptr && (spot.node == nullptr || !spot.node->is_folder));
  const SimulatedNodePtr node = names.Create(spot, false);
  names.SyncName(spot);
  impl_->GiveBackSpace(spot.node);
  node->file.Write(0, content);
  node->file.Sync();
  impl_->used += content.size();
}

std::string SimulatedDisk::Content(const std::string& path) const {
  const Spot spot = impl_->names.Look(path);
  return spot.node == nullptr ? "" : std::string(spot.node->file.content());
}

std::vector<std::string> SimulatedDisk::FilesBelow(const std::string& directory) const {
  std::vector<std::string> paths;
  const Spot spot = impl_->names.Look(directory);
  if (spot.node == nullptr) return paths;
  const std::string prefix = directory.empty() || directory.back() == '/' ? directory : directory + "/";
  SimulatedNames::VisitFiles(*spot.node, prefix,
                             [&](const std::string& path, const SimulatedNodePtr&) { paths.push_back(path); });
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<std::unique_ptr<base::AppendFile>> SimulatedDisk::OpenAppend(const std::string& path) {
  ASSIGN_OR_RETURN(SimulatedNodePtr node, impl_->OpenOrCreate(path, "open for writing"));
  return std::make_unique<Impl::Appender>(*impl_, path, std::move(node));
}

absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> SimulatedDisk::OpenRead(const std::string& path) {
  RETURN_IF_ERROR(impl_->Heard("open", path));
  Spot spot = impl_->names.Look(path);
  if (spot.node == nullptr) return Missing("open", path);
  if (spot.node->is_folder) return IsFolder("open", path);
  return std::make_unique<Impl::Reader>(*impl_, path, std::move(spot.node));
}

absl::Status SimulatedDisk::Truncate(const std::string& path, uint64_t size) {
  RETURN_IF_ERROR(impl_->Heard("truncate", path));
  RETURN_IF_ERROR(impl_->Begin({Kind::kTruncate, path, size}, "truncate"));
  const Spot spot = impl_->names.Look(path);
  if (spot.node == nullptr) return Missing("truncate", path);
  if (spot.node->is_folder) return IsFolder("truncate", path);
  SimulatedFile& file = spot.node->file;
  if (size > file.size() && size - file.size() > impl_->room()) {
    return Failed(absl::StatusCode::kResourceExhausted, "truncate", path, "No space left on device");
  }
  impl_->used -= file.size();
  file.Truncate(size);
  impl_->used += file.size();
  return absl::OkStatus();
}

absl::Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  const std::string what = "rename to " + to;
  RETURN_IF_ERROR(impl_->Heard(what, from));
  RETURN_IF_ERROR(impl_->Begin({Kind::kRename, from}, what));
  const Spot source = impl_->names.Look(from);
  const Spot target = impl_->names.Look(to);
  if (source.node == nullptr || target.folder == nullptr) return Missing(what, from);
  if (source.node == target.node) return absl::OkStatus();
  if (source.node->is_folder && source.folder != target.folder) {
    return Failed(absl::StatusCode::kUnavailable, what, from, "this disk moves no folder into another one");
  }
  if (target.node != nullptr) {
    if (IsBelow(from, to)) {
      return Failed(absl::StatusCode::kUnavailable, what, from, "Directory not empty");
    }
    if (target.node->is_folder && !source.node->is_folder) return IsFolder(what, from);
    if (source.node->is_folder && !target.node->is_folder) {
      return Failed(absl::StatusCode::kNotFound, what, from, "Not a directory");
    }
    if (!target.node->seen.empty()) {
      return Failed(absl::StatusCode::kUnavailable, what, from, "Directory not empty");
    }
  }
  impl_->names.Rename(source, target);
  impl_->GiveBackSpace(target.node);
  return absl::OkStatus();
}

absl::Status SimulatedDisk::Remove(const std::string& path) {
  RETURN_IF_ERROR(impl_->Heard("remove", path));
  RETURN_IF_ERROR(impl_->Begin({Kind::kRemove, path}, "remove"));
  const Spot spot = impl_->names.Look(path);
  if (spot.node == nullptr) return Missing("remove", path);
  if (spot.node->is_folder) return IsFolder("remove", path);
  impl_->names.Remove(spot);
  impl_->GiveBackSpace(spot.node);
  return absl::OkStatus();
}

absl::Status SimulatedDisk::MakeDirectories(const std::string& path) {
  const char* const what = "make the folder";
  RETURN_IF_ERROR(impl_->Heard(what, path));
  RETURN_IF_ERROR(impl_->Begin({Kind::kMakeDirectories, path}, what));
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const Spot spot = impl_->names.Look(path.substr(0, end));
    if (spot.node == nullptr) {
      impl_->names.Create(spot, true);
    } else if (!spot.node->is_folder) {
      return Failed(absl::StatusCode::kAlreadyExists, what, path, "File exists");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SimulatedDisk::List(const std::string& directory) {
  RETURN_IF_ERROR(impl_->Heard("list", directory));
  const Spot spot = impl_->names.Look(directory);
  if (spot.node == nullptr || !spot.node->is_folder) return Missing("list", directory);
  std::vector<std::string> names;
  for (const auto& [name, node] : spot.node->seen) names.push_back(name);
  return names;
}

absl::StatusOr<bool> SimulatedDisk::Exists(const std::string& path) {
  RETURN_IF_ERROR(impl_->Heard("look for", path));
  return impl_->names.Look(path).node != nullptr;
}

[[gnu::noinline]] absl::Status SimulatedDisk::SyncDirectory(const std::string& path) {
  const Operation operation{Kind::kSyncDirectory, path, 0, __builtin_return_address(0)};
  RETURN_IF_ERROR(impl_->Heard("sync the folder", path));
  RETURN_IF_ERROR(impl_->Begin(operation, "sync the folder"));
  const Spot spot = impl_->names.Look(path);
  if (spot.node == nullptr || !spot.node->is_folder) return Missing("open the folder", path);
  if (!impl_->IsLost(operation)) impl_->names.SyncFolder(spot.node);
  return absl::OkStatus();
}

absl::StatusOr<base::DiskSpace> SimulatedDisk::Space(const std::string&) {
  const uint64_t total = impl_->capacity == 0 ? std::numeric_limits<uint64_t>::max() : impl_->capacity;
  return base::DiskSpace{impl_->room(), total};
}

absl::StatusOr<std::unique_ptr<base::FileLock>> SimulatedDisk::Lock(const std::string& path) {
  ASSIGN_OR_RETURN(SimulatedNodePtr node, impl_->OpenOrCreate(path, "open the lock file"));
  if (node->locked_in == impl_->life) return absl::FailedPreconditionError(path + ": held by another holder");
  return std::make_unique<Impl::LockHolder>(std::move(node), impl_->life);
}

}  // namespace datong::simulation
