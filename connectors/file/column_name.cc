// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/column_name.h"

namespace datong::file {

std::string_view TrimName(std::string_view name) {
  constexpr std::string_view kInvisible[] = {"\xEF\xBB\xBF", "\xE2\x80\x8B", " ", "\t"};
  for (bool trimmed = true; trimmed;) {
    trimmed = false;
    for (const std::string_view part : kInvisible) {
      if (name.substr(0, part.size()) == part) {
        name.remove_prefix(part.size());
        trimmed = true;
      }
      if (name.size() >= part.size() && name.substr(name.size() - part.size()) == part) {
        name.remove_suffix(part.size());
        trimmed = true;
      }
    }
  }
  return name;
}

}  // namespace datong::file
