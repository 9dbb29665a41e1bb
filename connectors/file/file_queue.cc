// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/file_queue.h"

#include <fnmatch.h>

#include <string_view>

#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

bool EndsWith(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
}

}  // namespace

std::string BaseName(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

void FileQueue::GoOnFrom(const std::optional<ResumePosition>& position) {
  next_ = 0;
  after_.clear();
  at_.clear();
  if (!position) return;
  if (watches()) {
    (position->done ? after_ : at_) = position->name;
    return;
  }
  size_t found = options_.paths.size();
  if (position->index < options_.paths.size() && BaseName(options_.paths[position->index]) == position->name) {
    found = position->index;
  }
  for (size_t i = 0; i < options_.paths.size() && found == options_.paths.size(); ++i) {
    if (BaseName(options_.paths[i]) == position->name) found = i;
  }
  if (found == options_.paths.size()) return;  // other files than last time: all of them are ahead
  next_ = position->done ? found + 1 : found;
  // Between two files of an earlier reading, or in one that stands elsewhere now: whoever asks again wants all of them,
  // and what is known costs no delivery.
  if (options_.read_again && (position->done || found != position->index)) next_ = 0;
}

bool FileQueue::Matches(const std::string& name) const {
  return !name.empty() && name[0] != '.' && !EndsWith(name, ".tmp") && !EndsWith(name, ".part") &&
         !IsManifestName(options_.manifest, name) && fnmatch(options_.pattern.c_str(), name.c_str(), 0) == 0;
}

absl::StatusOr<std::optional<std::string>> FileQueue::Next() {
  if (!watches()) return next_ < options_.paths.size() ? std::optional(options_.paths[next_]) : std::nullopt;
  if (at_.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(options_.directory));
    for (const std::string& name : names) {
      if (name > after_ && Matches(name)) {
        at_ = name;
        break;
      }
    }
  }
  if (at_.empty()) return std::nullopt;
  return options_.directory + "/" + at_;
}

void FileQueue::Finished() {
  if (watches()) {
    after_ = at_;
    at_.clear();
  } else {
    ++next_;
  }
}

}  // namespace datong::file
