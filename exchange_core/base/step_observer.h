// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace datong::base {

// Told when work passes a named step ("commit.segment_synced", "checkpoint.renamed"), so that a crash test can strike
// exactly there. Step names are listed in docs/testing.md. Production passes NoObserver(). Thread-safe.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void Reached(std::string_view step) = 0;
};

StepObserver& NoObserver();

}  // namespace datong::base
