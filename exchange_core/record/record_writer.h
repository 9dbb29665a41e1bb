// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/record/key_spelling.h"
#include "exchange_core/record/record_batch.h"
#include "exchange_core/record/record_schema.h"

namespace datong::record {

// One value as a source hands it over, before types: nullopt = absent.
using FieldText = std::optional<std::string_view>;

// Why a row cannot become a record. The row is then published as Operation::kUnreadable (rejected_row.h).
struct RowProblem {
  std::string reason;  // stable code: here "type", "required", "key_missing", "id_missing", "encoding",
                       // "too_large"; sources add theirs ("ragged_row", ...)
  std::string detail;  // for a person: which item, which value (cut to 200 bytes), what was expected
};

struct RecordDigests {
  base::Digest id, key, fingerprint;
  friend bool operator==(const RecordDigests&, const RecordDigests&) = default;
};

// Turns rows of text into records at the end of a batch: parses each value by its item's type (value_parser.h has the
// forms; a time without a zone is UTC), writes the protobuf bytes in ascending field number, and computes id, key and
// fingerprint digests under the resource's key domain.
//
// Absent items are left out, and so are empty ones, unless the item says that empty is a value (text and bytes only:
// the other types have no empty value). Zero and false are values and are written.
//
// The canonical content (version 1), which fingerprint and content-identity digest: for each compared item that is
// present, in ascending field number, exactly its wire bytes (tag and value). The key: for each key item in declared
// order, varint length and text form of the value, folded by the item's rules of spelling (key_spelling.h): what is
// stored and fingerprinted stays as it was written. Two digests over equal bytes but for different purposes never meet:
// each is prefixed by one byte (1 id, 2 key, 3 content, 4 a row that could not be read, 5 a key in every spelling;
// digest_purpose.h has them all). Unknown fields count as content, in ascending field number, after the known ones.
//
// Entity: id = key. Event: id of the declared id items (composed like a key), else of the canonical content; key of the
// key items where declared, else = id. version and event_time come from their items (dates as days, as midnight UTC),
// else 0.
//
// One per source and thread; not thread-safe. `schema` must outlive it. Nothing is allocated per record once its
// buffers and the batch have grown.
class RecordWriter {
 public:
  RecordWriter(const RecordSchema& schema, const base::DigestKey& domain_key);

  struct Place {
    uint32_t file_index = 0;
    uint64_t row = 0;
  };
  // `values[i]` belongs to schema.items[i]; there are as many. On a problem nothing is appended. A delete needs its key
  // items only. The caller ends a batch before its payload passes base::kBatchPayloadBytesMax.
  std::optional<RowProblem> Append(const std::vector<FieldText>& values, Operation operation, Place place,
                                   RecordBatch& to);
  // The same, to the batch of the record's partition: `by_partition` has one batch for each.
  std::optional<RowProblem> Append(const std::vector<FieldText>& values, Operation operation, Place place,
                                   std::span<RecordBatch> by_partition);
  // What the last Append that succeeded wrote into the columns.
  const RecordClaim& appended() const { return appended_; }
  // Rows that say what the exchange holds, as Operation::kSame of the batch's first file. Parallel: the entries they
  // speak of, their numbers in the file, their versions and event times.
  static void AppendSame(std::span<const uint32_t> entries, std::span<const uint64_t> rows,
                         std::span<const int64_t> versions, std::span<const base::TimeUs> event_times, RecordBatch& to);
  // A row that could not be read: `raw` are its bytes at the source (cut to what fits a record). id and fingerprint are
  // digests of `raw`: the same row is the same wherever and whenever it is read. So is key, unless it could be read
  // after all (KeyOfRow): then `to` is the batch of that key's partition, and key differs from id.
  void AppendUnreadable(const RowProblem& problem, std::string_view raw, Place place, RecordBatch& to,
                        const std::optional<base::Digest>& key = std::nullopt);

  // The key digest of a row that Append refused for another item's sake; values that could not be read are absent.
  // nullopt when a key item is missing or does not parse, and for events: their rows go by identity.
  std::optional<base::Digest> KeyOfRow(const std::vector<FieldText>& values);

  // The key digest that Append would compute, for trace. `key_values[i]` belongs to schema.items[schema.key_items[i]].
  // nullopt when a key item is missing or does not parse, or the resource declares no key.
  std::optional<base::Digest> KeyDigest(const std::vector<FieldText>& key_values);

 private:
  struct Field {
    bool present = false;
    uint64_t number = 0;
    size_t begin = 0, value_begin = 0, end = 0;  // in record_: tag, text or bytes, behind it
  };

  std::optional<RowProblem> WriteFields(const std::vector<FieldText>& values, Operation operation);
  std::optional<RowProblem> ComputeDigests(RecordDigests& digests);
  bool IsKeyItem(size_t item) const;
  bool ComposeItems(char purpose, const std::vector<uint32_t>& items, int& missing);
  template <typename ValueAt>
  std::optional<base::Digest> DigestKeyValues(ValueAt value_at);
  void AppendColumns(Operation operation, Place place, const RecordDigests& digests, RecordBatch& to);
  int64_t NumberOf(int item) const;

  const RecordSchema& schema_;
  base::DigestKey domain_key_;
  bool compares_all_ = true;
  std::vector<Field> fields_;  // of the record at hand, parallel to schema_.items
  std::string record_;         // its bytes, the first record_bytes_ of the buffer
  size_t record_bytes_ = 0;
  std::string content_;  // what is being digested
  RecordClaim appended_;
  std::string scratch_;
  KeyTextScratch key_scratch_;
};

// Recomputes the digests of a record from its bytes (used where columns can't be trusted, and to fingerprint
// projections). Equal to what RecordWriter computed for records it wrote, and the same for the same fields in any
// order, repeated fields counting as protobuf says (the last). nullopt: the bytes are no message, or an item that makes
// up id or key is missing or has no text form. Any thread.
std::optional<RecordDigests> DigestRecord(const RecordSchema& schema, const base::DigestKey& key,
                                          std::string_view record_bytes);

// Stands for a record's key whatever its letter case, spaces, width and byte order marks, whether the schema declares
// such rules or not: equal for two records whose keys differ in spelling only. It never meets a key digest. nullopt:
// the bytes are no message, or a key item is missing or has no text form, or the resource declares no key. Any thread.
std::optional<base::Digest> FoldedKeyDigest(const RecordSchema& schema, const base::DigestKey& key,
                                            std::string_view record_bytes);

// Which partition a record belongs to: by key digest for entities, by id digest for events. Uniform.
inline uint32_t PartitionOf(const base::Digest& digest, uint32_t partitions) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(digest.high) * partitions) >> 64);
}

}  // namespace datong::record
