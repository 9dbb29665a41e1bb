// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/file_system.h"

#include <absl/strings/str_cat.h>

#include "exchange_core/base/status_macros.h"

namespace datong::base {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status WriteSynced(FileSystem& files, const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(auto file, files.OpenAppend(path));
  RETURN_IF_ERROR(file->Append(content));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(FileSystem& files, const std::string& path, uint64_t bytes_max) {
  ASSIGN_OR_RETURN(auto file, files.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": holds ", size, " bytes, at most ", bytes_max, " are read"));
  }
  std::string content(size, '\0');
  ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, content.size(), content.data()));
  content.resize(got);
  return content;
}

absl::Status WriteWholeFileAtomically(FileSystem& files, const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  // A run that was killed may have left its half here, and OpenAppend would go on behind it.
  absl::Status removed = files.Remove(temporary);
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  const absl::Status written = WriteSynced(files, temporary, content);
  if (!written.ok()) {
    files.Remove(temporary).IgnoreError();  // give a full disk its bytes back; the first error is the one to tell
    return written;
  }
  RETURN_IF_ERROR(files.Rename(temporary, path));
  return files.SyncDirectory(FolderOf(path));
}

absl::Status SyncWayTo(FileSystem& files, const std::string& directory) {
  std::string folder = FolderOf(directory);
  RETURN_IF_ERROR(files.SyncDirectory(folder));
  while (folder != "." && folder != "/") {
    folder = FolderOf(folder);
    const absl::Status synced = files.SyncDirectory(folder);
    if (absl::IsDataLoss(synced)) return synced;
  }
  return absl::OkStatus();
}

}  // namespace datong::base
