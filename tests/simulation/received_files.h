// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/department.h"
#include "tests/simulation/simulated_disk.h"

namespace datong::simulation {

// What a subscribing department holds: the files its sink wrote, read by nobody's code but this.
struct ReceivedRecord {
  std::string operation;  // "insert", "update", "delete"; state form: ""
  std::string key;        // digest, hex
  uint32_t lane = 0;
  uint64_t sequence = 0;
  std::string source_file;
  uint64_t source_row = 0;
  std::map<std::string, std::string> values;  // UTF-8; absent and empty left out
  std::string path;                           // of the file it stands in
};
struct RefusedAtSink {
  uint32_t lane = 0;
  uint64_t sequence = 0;
  std::string path;
};
struct Received {
  std::vector<ReceivedRecord> records;  // changes: files by position, lines in order; state: the one file
  std::vector<RefusedAtSink> refused;
  std::vector<std::string> columns;     // ever seen beyond those that begin with _
  std::vector<std::string> complaints;  // a file that can't be read, two state files, a name of another form
  std::string raw;                      // all bytes, for looking for what must not be there
};
Received ReadReceived(const SimulatedDisk& disk, const SubscriptionPlan& subscription);

}  // namespace datong::simulation
