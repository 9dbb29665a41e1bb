// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/row_store_contestant.h"

#include <absl/strings/str_cat.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/stopwatch.h"
#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr size_t kCacheBytes = size_t{1} << 30;
constexpr size_t kKeysPerTable = 500'000;

struct Value {
  base::Digest content;
  uint64_t seen_in = 0;  // the dump
};
static_assert(sizeof(Value) == 24);

template <typename T>
rocksdb::Slice AsSlice(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

absl::Status FromRocks(const rocksdb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(absl::StrCat("row store: ", status.ToString()));
}

rocksdb::Options StoreOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;  // digests do not compress
  options.IncreaseParallelism(2);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class Store {
 public:
  static absl::StatusOr<Store> Load(const std::string& directory, const DumpPair& dumps, uint64_t stride) {
    Store store;
    const rocksdb::Options options = StoreOptions();
    rocksdb::DB* db = nullptr;
    RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(options, directory, &db)));
    store.db_.reset(db);
    std::vector<std::pair<base::Digest, uint64_t>> keys(dumps.keys);
    for (uint64_t key = 0; key < dumps.keys; ++key) keys[key] = {DumpPair::KeyOf(key), key};
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return std::memcmp(&a.first, &b.first, sizeof(base::Digest)) < 0; });
    std::vector<std::string> tables;
    for (size_t begin = 0; begin < keys.size(); begin += kKeysPerTable) {
      rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
      tables.push_back(absl::StrCat(directory, "/load-", tables.size(), ".sst"));
      RETURN_IF_ERROR(FromRocks(writer.Open(tables.back())));
      for (size_t i = begin; i < std::min(begin + kKeysPerTable, keys.size()); ++i) {
        const uint64_t key = keys[i].second;
        const bool compared = key % stride == 0 || DumpPair::IsMissing(key);
        const Value value{DumpPair::ContentOf(key, false), compared ? uint64_t{1} : uint64_t{2}};
        RETURN_IF_ERROR(FromRocks(writer.Put(AsSlice(keys[i].first), AsSlice(value))));
      }
      RETURN_IF_ERROR(FromRocks(writer.Finish()));
    }
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    RETURN_IF_ERROR(FromRocks(store.db_->IngestExternalFile(tables, ingest)));
    // Only some rows are compared: they must not pay for blocks that a whole dump would read once for many rows.
    const std::unique_ptr<rocksdb::Iterator> all(store.db_->NewIterator({}));
    for (all->SeekToFirst(); all->Valid(); all->Next()) {
    }
    RETURN_IF_ERROR(FromRocks(all->status()));
    return store;
  }

  absl::Status Compare(const DumpColumns& rows, uint64_t& changed) {
    const record::RecordColumns& columns = rows.columns();
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < rows.size(); ++i) {
      value_.Reset();
      RETURN_IF_ERROR(FromRocks(db_->Get({}, db_->DefaultColumnFamily(), AsSlice(columns.key[i]), &value_)));
      Value value;
      if (value_.size() != sizeof(value)) return absl::InternalError("row store: a value is damaged");
      std::memcpy(&value, value_.data(), sizeof(value));
      if (value.content != columns.fingerprint[i]) ++changed;
      value = {columns.fingerprint[i], 2};
      RETURN_IF_ERROR(FromRocks(batch.Put(AsSlice(columns.key[i]), AsSlice(value))));
    }
    return FromRocks(db_->Write({}, &batch));
  }

  absl::Status DeleteUnseen(size_t batch_rows, uint64_t& deleted) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = size_t{2} << 20;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
    rocksdb::WriteBatch batch;
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      Value value;
      if (at->value().size() != sizeof(value)) return absl::InternalError("row store: a value is damaged");
      std::memcpy(&value, at->value().data(), sizeof(value));
      if (value.seen_in == 2) continue;
      ++deleted;
      RETURN_IF_ERROR(FromRocks(batch.Delete(at->key())));
      if (static_cast<size_t>(batch.Count()) < batch_rows) continue;
      RETURN_IF_ERROR(FromRocks(db_->Write({}, &batch)));
      batch.Clear();
    }
    RETURN_IF_ERROR(FromRocks(at->status()));
    return FromRocks(db_->Write({}, &batch));
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::PinnableSlice value_;  // reused memory
};

}  // namespace

absl::StatusOr<RowStoreResult> CompareByRowStore(const std::string& directory, const DumpPair& dumps, uint64_t stride,
                                                 size_t batch_rows) {
  ASSIGN_OR_RETURN(Store store, Store::Load(directory, dumps, stride));
  RowStoreResult result;
  uint64_t changed = 0, changed_expected = 0, deleted = 0;
  Stopwatch rows, scan;
  DumpColumns block(2, batch_rows);
  const auto compare = [&]() -> absl::Status {
    block.Finish();
    rows.Start();
    RETURN_IF_ERROR(store.Compare(block, changed));
    rows.Stop();
    result.rows += block.size();
    block.Clear();
    return absl::OkStatus();
  };
  for (uint64_t key = 0; key < dumps.keys; key += stride) {
    if (DumpPair::IsMissing(key)) continue;
    changed_expected += DumpPair::IsChanged(key) ? 1 : 0;
    block.Add(key, DumpPair::IsChanged(key));
    if (block.full()) RETURN_IF_ERROR(compare());
  }
  if (block.size() > 0) RETURN_IF_ERROR(compare());
  scan.Start();
  RETURN_IF_ERROR(store.DeleteUnseen(batch_rows, deleted));
  scan.Stop();
  if (changed != changed_expected || deleted != dumps.missing()) {
    return absl::InternalError(absl::StrCat("the row store found ", changed, " changed and ", deleted,
                                            " missing rows; ", changed_expected, " and ", dumps.missing(),
                                            " are right"));
  }
  result.row_seconds = rows.wall_seconds();
  result.row_cpu_seconds = rows.cpu_seconds();
  result.scan_seconds = scan.wall_seconds();
  result.scan_cpu_seconds = scan.cpu_seconds();
  return result;
}

}  // namespace datong::benchmarks
