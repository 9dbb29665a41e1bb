// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/record/record_batch.h"

namespace datong::simulation {

// Writes down every message of every topic as soon as it is visible, and never forgets: what retention drops and what a
// power cut takes is still known here. A message that was visible once was durable, so it must come back after every
// cut, unchanged, unless retention dropped it.
class Witness {
 public:
  // Of pub.<resource>, deliver.<view> and again.<subscription>: which rows a message carries.
  struct SeenRecord {
    record::Operation operation;
    std::string file;        // name of the unit
    uint32_t file_sequence;  // the exchange's number of it
    uint64_t row;
    std::string key;  // digest, hex
    bool key_known;   // of an unreadable row: its key could be read all the same
    int64_t version;
    uint32_t entry;  // of a row that says "same"
  };
  struct Message {
    broker::Position position = 0;
    base::TimeUs append_time = 0;
    base::Digest digest;         // of key, envelope and body
    std::string envelope, body;  // as stored
    // Where the topic carries batches: decoded, only selected records. Empty when it did not decode (`problem`).
    std::vector<SeenRecord> records;
    uint64_t run = 0;        // pub: the reading that published it
    uint32_t source_id = 0;  // pub
    uint64_t snapshot = 0;   // pub: that the batch is part of, or that the mark is of
    bool is_mark = false;    // pub: no batch; a snapshot begins or ends here, as the envelope says
    uint64_t look = 0;       // when it was seen: what a later look saw was not there at an earlier one
    uint32_t lane = 0;       // deliver, again: from the envelope
    uint64_t first_sequence = 0;
    uint64_t lane_sequence = 0;
    std::string payload;  // deliver, again: decompressed
    std::string problem;
  };
  struct Partition {
    std::vector<Message> messages;  // ascending positions
    broker::Position next = 0;
    broker::Position dropped_to = 0;  // retention has dropped what is before
  };

  // Reads what is new. Complaints are kept.
  void Look(broker::Broker& broker);
  // After a start: everything that was seen and is not dropped must still be there, byte by byte. `whole`: all of it,
  // else the last messages of each partition.
  void Compare(broker::Broker& broker, bool whole);

  const std::map<std::pair<std::string, uint32_t>, Partition>& partitions() const { return partitions_; }
  const Partition* Find(const std::string& topic, uint32_t partition) const;
  const std::vector<std::string>& complaints() const { return complaints_; }
  uint64_t compared() const { return compared_; }

 private:
  void ReadNew(broker::Broker& broker, const broker::TopicPartition& from, Partition& into);

  std::map<std::pair<std::string, uint32_t>, Partition> partitions_;
  std::vector<std::string> complaints_;
  uint64_t compared_ = 0;
  uint64_t looks_ = 0;
};

}  // namespace datong::simulation
