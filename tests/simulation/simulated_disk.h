// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"

namespace datong::simulation {

// A disk in memory that knows what a real one forgets. Every file has the bytes that programs see and the bytes that a
// power cut leaves; every folder has the names that programs see and the names that are safe.
//
// Safe are bytes after Sync() of the file (all bytes, also those that another handle wrote) and names after
// SyncDirectory() of their folder; nothing else. A file's first Sync() does not make its name safe.
//
// CutPower() decides, from its random source, what becomes of everything that is not safe:
//   bytes    a file keeps its safe bytes; of what was appended or cut off since, it keeps nothing, all of it, the first
//            part (ending inside a sector), a random choice of its 512-byte sectors (the others read as zeros, so later
//            bytes may have survived when earlier ones did not), or the length with zeros in it
//   names    of the creations, renames and removals in one folder, each took place or not, independently of the order
//            and of each other, as far as a folder can be made of it: a rename is one thing (the old name is gone
//            exactly when the new one is there), and a file whose name was lost is gone with its bytes
//   folders  made but not synced in their parent: gone or there
// After a cut every file handle and lock of before is dead: it answers Unavailable and changes nothing.
//
// Also a disk that is full (SetCapacity), that fails (a write that goes through in part) and that is slow
// (`on_operation` moves a clock). Not thread-safe. Outlives its handles and locks.
class SimulatedDisk final : public base::FileSystem {
 public:
  // One call that could change or secure something: Append, Sync, Truncate, Rename, Remove, MakeDirectories,
  // SyncDirectory, OpenAppend and Lock when they create. Reads are none.
  struct Operation {
    enum class Kind { kAppend, kSync, kTruncate, kRename, kRemove, kMakeDirectories, kSyncDirectory, kCreate };
    Kind kind;
    std::string_view path;         // as the caller wrote it; kRename: the old name
    uint64_t bytes = 0;            // kAppend: how many; kTruncate: the new size
    const void* caller = nullptr;  // kSync, kSyncDirectory: the instruction behind the call (return address)
  };
  // Called before the operation takes place; may call StopAnswering().
  using OnOperation = std::function<void(const Operation&)>;
  // True: this sync says OK and secures nothing. How the self-test removes one sync.
  using SyncFilter = std::function<bool(const Operation&)>;

  explicit SimulatedDisk(base::RandomSource& random);
  ~SimulatedDisk() override;

  void SetOnOperation(OnOperation on_operation);
  void SetLostSyncs(SyncFilter lost);
  // Bytes of all files together may not exceed it; an append that would goes through in part and says
  // ResourceExhausted. 0 = no limit.
  void SetCapacity(uint64_t bytes);
  uint64_t BytesUsed() const;

  // From now on every call on this disk, on old handles too, says Unavailable and changes nothing: the machine is dying
  // while the program still runs. Until CutPower() or KillProcess(). From inside OnOperation: that operation does not
  // take place either, but for an append, of which a first part may reach the file.
  void StopAnswering();
  bool answering() const;
  // The machine lost power: what is not safe is decided as above, and what is left is all safe. Returns one line per
  // file or name that lost something, for a person: "log/segments/records-0000000001.seg: 812 of 4096 unsafe bytes".
  std::vector<std::string> CutPower();
  // The process died, the machine did not: handles and locks die, all bytes and names stay, safe or not.
  void KillProcess();

  // Something outside the exchange put a file here (a department's dump), whole and safe, replacing what had the name.
  void Place(const std::string& path, std::string content);
  // For judges: what programs see now. Empty when there is no such file (see Exists).
  std::string Content(const std::string& path) const;
  std::vector<std::string> FilesBelow(const std::string& directory) const;  // full paths, sorted

  // --- base::FileSystem ---
  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> OpenRead(const std::string& path) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectories(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<base::DiskSpace> Space(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string& path) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace datong::simulation
