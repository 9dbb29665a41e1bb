// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace datong::cli {

// What standard output and standard error are connected to.
struct Terminal {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool err_colour = false;  // NO_COLOR and TERM=dumb are honoured
  size_t out_width = 0;     // columns; 0: no terminal, nothing is cut
  size_t err_width = 80;
};

Terminal FindTerminal();

}  // namespace datong::cli
