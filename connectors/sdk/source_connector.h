// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/sdk/row_batch.h"
#include "connectors/sdk/status.h"

// How a department's system becomes a source: three verbs and an acknowledgement. The runner does the rest: types,
// digests, batching, partitions, back-off, positions, back-pressure, stop.
namespace datong::sdk {

// What a source reads through: a file, one dump of a table. The exchange numbers units; the same identity is the same
// unit.
struct Unit {
  std::string name;  // what people call it: the file's base name
  // Stable and content-bound: the SHA-256 of the file in hex. Empty: not known before the unit's end, and told there.
  std::string identity;
  // The unit that the position given to Open stands in, gone on with there. A source that states every identity when
  // the unit begins need not say so.
  bool goes_on = false;
  uint64_t bytes_total = 0;          // for progress; 0 = unknown
  std::vector<std::string> columns;  // names of the values of each row, in order
  int64_t as_of_us = 0;              // a full dump: the moment it speaks of, microseconds UTC since 1970; 0 = unknown
  bool as_of_from_rows = false;      // a full dump: the latest event time of its rows is that moment
  // Stands for all that decides, besides a row's raw bytes, what values it has (delimiter, encoding, ...): rows with
  // equal bytes in units with equal readings have equal values. All rows have their raw bytes then, and only then they
  // may come unparsed. Opaque; "" = the values do not follow from the raw bytes.
  std::string reading;
};

// One answer of Read. Filled by the connector; cleared by the runner before each call. A Read that ends its unit
// carries no rows: rows become durable with a position inside the unit, so that a crash between the two never loses the
// end.
struct SourceRead {
  std::optional<Unit> unit_begun;  // the rows below, and all that follow until unit_ended, belong to it
  RowBatch rows;                   // some hundred to some ten thousand
  std::string position;            // where Open would go on after these rows; opaque to everybody else, <= 4 KiB
  uint64_t bytes_read = 0;         // of the unit so far, for progress
  bool unit_ended = false;         // the unit is complete
  std::string unit_failure;        // not empty: the unit broke off here for this reason (code: text); ends the unit
  std::string identity;            // of a unit that began without one: with unit_ended; with unit_failure if known
  bool exhausted = false;          // nothing will ever follow (an import); the runner closes the source
  int64_t idle_ms = 0;             // nothing now: ask again after this time
  std::vector<std::string>
      unknown_columns;  // names met in these rows that the unit did not announce; their values are left out

  void Clear();  // keeps the memory of the rows
};

// Calls come one at a time, from changing threads. A Read may come before what an earlier one gave was acknowledged,
// though not before the unit that an earlier one began has begun at the exchange.
class SourceConnector {
 public:
  virtual ~SourceConnector() = default;
  // `position`: what was last made durable by the exchange, or empty at the first start. May be called again after
  // Close.
  virtual Status Open(const std::string& position) = 0;
  // Must return within about a second; what was read before may be asked for again after a crash (positions decide).
  virtual Status Read(SourceRead& into) = 0;
  // The last Read began a unit without identity, and the exchange must know it before the rows: it may be the unit read
  // under this name before. Within about a second, too; left empty: there is more to do, call again. The Reads that
  // follow give what they would have given.
  virtual Status Identify(std::string& identity);
  // Everything up to `position` is durable in the exchange: the source may forget it (delete a spool file, move a
  // slot).
  virtual void Acknowledge(const std::string& position) = 0;
  virtual void Close() = 0;
};

}  // namespace datong::sdk
