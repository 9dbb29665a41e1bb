// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace datong::broker {

// For engines: what a transaction tells the CommitListener. A transaction writes into few topics, and mostly twice in a
// row into the same.
inline void NoteWritten(const std::string& topic, std::vector<std::string>& written) {
  if (!written.empty() && written.back() == topic) return;
  if (std::find(written.begin(), written.end(), topic) == written.end()) written.push_back(topic);
}

}  // namespace datong::broker
