// SPDX-License-Identifier: Apache-2.0
// A message that somebody could read is durable: after every cut it is there again, at its place, byte by byte.
#include "tests/simulation/judges/judge.h"

namespace datong::simulation {

Judgement NothingVisibleIsEverLost(const Evidence& evidence) {
  Judgement judgement;
  judgement.looked_at = evidence.witness.compared();
  for (const std::string& complaint : evidence.witness.complaints()) judgement.Complain(complaint);
  return judgement;
}

}  // namespace datong::simulation
