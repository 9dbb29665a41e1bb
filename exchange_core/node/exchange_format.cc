// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/exchange_format.h"

namespace datong::node {

const uint32_t kExchangeFormat = 1;

}  // namespace datong::node
