// SPDX-License-Identifier: Apache-2.0
// The program, as if a later release had changed the format: linked before the library, this is the one that counts.
#include "exchange_core/node/exchange_format.h"

namespace datong::node {

const uint32_t kExchangeFormat = 2;

}  // namespace datong::node
