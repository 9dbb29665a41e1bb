// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/record/record_batch.h"
#include "exchange_core/record/record_schema.h"

// What a connector's runner needs of the exchange, and no more. In-process today (node/local_client); over Kafka and
// HTTP later behind the same words.
namespace datong::client {

struct ResourceInfo {
  record::RecordSchema schema;
  base::DigestKey domain_key;
  uint32_t partitions = 1;
  uint32_t provider_id = 0;  // department
};

// What a source says of a unit before its rows.
struct UnitDeclaration {
  std::string name;               // what people call it: the file's base name
  std::string identity;           // stable and content-bound: the SHA-256 of the file in hex; empty: told at its end
  uint64_t bytes_total = 0;       // 0 = unknown
  bool full = false;              // a complete dump. Of an entity resource that makes it a snapshot (docs/snapshots.md)
  bool as_new = false;            // a later one even if it was read before
  base::TimeUs as_of = 0;         // full: the moment the dump speaks of, where the department says so; 0 = unknown
  bool as_of_from_items = false;  // full: the latest event time of its rows says so
  // Names of the columns, those that feed an item by that item's name; empty = unknown.
  std::vector<std::string> columns;
};

// One reading of one unit (a file) by one source: what `files` lists a line for.
struct UnitRun {
  // 0: nothing was begun; by name and length this may be the unit read before, so its identity is to be declared too.
  uint64_t run = 0;            // number of this reading, unique in the exchange; batches carry it as publisher_epoch
  uint32_t file_sequence = 0;  // order of the unit within its resource; the same unit read again keeps its number
  std::string name;
  std::string identity;
  std::string position;  // the source's resume position, as last published
  uint64_t rows_published = 0;
  bool seen_before = false;    // an earlier run of the same unit was completed
  bool snapshot = false;       // batches carry `run` as their snapshot
  bool may_leave_out = false;  // the session answers WhichAreHeld for this run
};

struct PublishBatch {
  uint32_t partition = 0;
  std::string bytes;  // an encoded record batch
};

// One source's way in. Not thread-safe. One holder per source name: a second one fences the first (Aborted).
class PublishSession {
 public:
  virtual ~PublishSession() = default;
  virtual uint32_t source_id() const = 0;
  // The run that was begun and not ended when the source stopped, if any: go on from its position.
  virtual const std::optional<UnitRun>& unfinished() const = 0;
  // Where the source stands when no unit is open: position after the last ended unit; empty at the first start.
  virtual const std::string& position() const = 0;
  // Ends an unfinished run as failed, then begins a new one; but an unfinished run of a unit declared in the same words
  // that nothing was published of is that one. The unit is one read before, and keeps its number in the order, when the
  // latest run under this name had this identity; `as_new` says it is a later one all the same. Declared without
  // identity it is a new one, unless that run had as many bytes, or nobody knows: see UnitRun::run. Unavailable: the
  // source's last snapshot is not decided and done yet, try again later.
  virtual absl::StatusOr<UnitRun> BeginUnit(const UnitDeclaration& unit) = 0;
  // Durable when OK, all or nothing, with the position. ResourceExhausted: the exchange is behind, try again later.
  virtual absl::Status Publish(std::vector<PublishBatch> batches, const std::string& position, uint64_t rows) = 0;
  // `identity`: of a unit declared without one; may be empty when it failed.
  virtual absl::Status EndUnit(const std::string& position, bool complete, const std::string& failure,
                               const std::string& identity) = 0;
  // Of rows of the open run, all of one partition: where the exchange holds exactly this as the present record, its
  // entry, so that the row may go out as Operation::kSame; else kNotHeld. What changes behind the answer is later than
  // the dump. All kNotHeld where the exchange cannot tell (yet): the content is sent then. May be called while another
  // thread is in Publish.
  static constexpr uint32_t kNotHeld = UINT32_MAX;
  virtual void WhichAreHeld(uint32_t partition, const record::RecordClaims& rows, std::vector<uint32_t>& entries) = 0;
};

// One delivered batch, decoded, only the selected records left; operations are kInsert, kUpdate or kDelete.
struct Delivery {
  uint64_t position = 0;  // of the message in the stream
  uint32_t lane = 0;
  uint64_t first_sequence = 0;  // of the first record; the others follow one by one
  int64_t receive_time = 0;     // when the exchange received the input
  record::RecordBatch batch;
};

struct RefusedDelivery {
  uint32_t lane = 0;
  uint64_t sequence = 0;
  std::string reason;
};

// One subscription's way out. Not thread-safe; one holder per subscription.
class DeliverySession {
 public:
  virtual ~DeliverySession() = default;
  // The items the view lets through; field numbers of the resource.
  virtual const record::RecordSchema& schema() const = 0;
  // 32 hex digits. The same as long as the subscription lives, and never that of another subscription or exchange:
  // whose deliveries a sink holds.
  virtual std::string identity() const = 0;
  // What will be fetched first: one past what was last acknowledged.
  virtual uint64_t next_position() const = 0;
  // What is there now, possibly nothing. `through` = the position to acknowledge once all of it is applied.
  struct Fetched {
    std::vector<Delivery> deliveries;
    uint64_t next_position = 0;
    bool will_tell = false;  // whoever listens is told of what comes next. False: ask again now and then
  };
  virtual absl::StatusOr<Fetched> Fetch(size_t records_max) = 0;
  // Once, before the first Fetch: `listener` is called when there may be more to fetch, by any thread, and not after
  // the session's end; it must be quick.
  virtual void Listen(std::function<void()> /*listener*/) {}
  // Everything fetched up to `next_position` is applied, except what was refused. Durable when OK.
  virtual absl::Status Acknowledge(uint64_t next_position, const std::vector<RefusedDelivery>& refused) = 0;
};

// Thread-safe.
class ExchangeClient {
 public:
  virtual ~ExchangeClient() = default;
  virtual absl::StatusOr<ResourceInfo> DescribeResource(const std::string& resource) = 0;
  virtual absl::StatusOr<std::unique_ptr<PublishSession>> OpenPublisher(const std::string& source,
                                                                        const std::string& resource) = 0;
  virtual absl::StatusOr<std::unique_ptr<DeliverySession>> OpenSubscription(const std::string& subscription) = 0;
};

}  // namespace datong::client
