// SPDX-License-Identifier: Apache-2.0
#include "tests/support/source_path.h"

namespace datong::tests {

std::string SourcePath(const std::string& below) { return std::string(DATONG_SOURCE_DIR "/") + below; }

}  // namespace datong::tests
