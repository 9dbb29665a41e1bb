// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/measured_memtable.h"

#include <rocksdb/memtablerep.h>

#include <deque>
#include <new>
#include <set>
#include <vector>

namespace datong::storage {
namespace {

using rocksdb::KeyHandle;
using rocksdb::MemTableRep;
using rocksdb::Slice;

struct Before {
  using is_transparent = void;
  const MemTableRep::KeyComparator* compare;
  bool operator()(const char* a, const char* b) const { return (*compare)(a, b) < 0; }
  bool operator()(const char* a, const Slice& b) const { return (*compare)(a, b) < 0; }
  bool operator()(const Slice& a, const char* b) const { return (*compare)(b, a) > 0; }
};
using Rows = std::set<const char*, Before>;

class RowIterator final : public MemTableRep::Iterator {
 public:
  explicit RowIterator(const Rows& rows) : rows_(rows), at_(rows.end()) {}
  static void operator delete(void*) {}  // its memory is the table's

  bool Valid() const override { return at_ != rows_.end(); }
  const char* key() const override { return *at_; }
  void Next() override { ++at_; }
  void Prev() override { at_ == rows_.begin() ? SeekToEnd() : static_cast<void>(--at_); }
  void Seek(const Slice& key, const char* row) override {
    at_ = row != nullptr ? rows_.lower_bound(row) : rows_.lower_bound(key);
  }
  void SeekForPrev(const Slice& key, const char* row) override {
    at_ = row != nullptr ? rows_.upper_bound(row) : rows_.upper_bound(key);
    Prev();
  }
  void SeekToFirst() override { at_ = rows_.begin(); }
  void SeekToLast() override {
    SeekToEnd();
    Prev();
  }

 private:
  void SeekToEnd() { at_ = rows_.end(); }

  const Rows& rows_;
  Rows::const_iterator at_;
};

class MeasuredMemtable final : public MemTableRep {
 public:
  MeasuredMemtable(const KeyComparator& compare, rocksdb::Allocator* allocator)
      : MemTableRep(allocator), rows_(Before{&compare}) {}

  KeyHandle Allocate(const size_t size, char** row) override {
    memory_.emplace_back(size);
    bytes_ += size;
    *row = memory_.back().data();
    return *row;
  }
  // Rows in memory of its own: the arena that RocksDB measures besides stays as small as it began.
  size_t ApproximateMemoryUsage() override { return bytes_; }

  void Insert(KeyHandle handle) override { rows_.insert(static_cast<const char*>(handle)); }
  bool Contains(const char* key) const override { return rows_.contains(key); }
  // An iterator for an arena is destroyed and not freed, and RocksDB's Arena is none of its public types; one for no
  // arena is now deleted, now forgotten (MemTableRep::Get). So all of them live here, as long as the table.
  Iterator* GetIterator(rocksdb::Arena*) override { return new (&iterators_.emplace_back()) RowIterator(rows_); }

 private:
  struct alignas(RowIterator) IteratorMemory {
    std::byte bytes[sizeof(RowIterator)];
  };

  std::deque<std::vector<char>> memory_;
  size_t bytes_ = 0;
  Rows rows_;  // points into memory_
  std::deque<IteratorMemory> iterators_;
};

class MeasuredMemtables final : public rocksdb::MemTableRepFactory {
 public:
  using rocksdb::MemTableRepFactory::CreateMemTableRep;

  const char* Name() const override { return "DatongMeasured"; }
  MemTableRep* CreateMemTableRep(const MemTableRep::KeyComparator& compare, rocksdb::Allocator* allocator,
                                 const rocksdb::SliceTransform*, rocksdb::Logger*) override {
    return new MeasuredMemtable(compare, allocator);  // RocksDB takes it
  }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> NewMeasuredMemtables() { return std::make_shared<MeasuredMemtables>(); }

}  // namespace datong::storage
