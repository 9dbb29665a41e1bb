// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/measured_memtable.h"

#include <rocksdb/memtablerep.h>

#include <deque>
#include <utility>

namespace datong::storage {
namespace {

using rocksdb::KeyHandle;
using rocksdb::MemTableRep;
using rocksdb::Slice;

// Rows in memory of its own, all else by the vector below. The arena that RocksDB measures stays as small as it began.
class MeasuredMemtable final : public MemTableRep {
 public:
  MeasuredMemtable(std::unique_ptr<MemTableRep> below, rocksdb::Allocator* allocator)
      : MemTableRep(allocator), below_(std::move(below)) {}

  KeyHandle Allocate(const size_t size, char** row) override {
    rows_.push_back(std::make_unique<char[]>(size));
    bytes_ += size;
    *row = rows_.back().get();
    return *row;
  }
  size_t ApproximateMemoryUsage() override { return bytes_ + below_->ApproximateMemoryUsage(); }

  void Insert(KeyHandle handle) override { below_->Insert(handle); }
  bool Contains(const char* key) const override { return below_->Contains(key); }
  void MarkReadOnly() override { below_->MarkReadOnly(); }
  void Get(const rocksdb::LookupKey& key, void* arguments, bool (*found)(void*, const char*)) override {
    below_->Get(key, arguments, found);
  }
  Iterator* GetIterator(rocksdb::Arena* arena) override { return below_->GetIterator(arena); }

 private:
  std::deque<std::unique_ptr<char[]>> rows_;
  size_t bytes_ = 0;
  const std::unique_ptr<MemTableRep> below_;  // points into rows_
};

class MeasuredMemtables final : public rocksdb::MemTableRepFactory {
 public:
  using rocksdb::MemTableRepFactory::CreateMemTableRep;

  const char* Name() const override { return "DatongMeasured"; }
  MemTableRep* CreateMemTableRep(const MemTableRep::KeyComparator& comparator, rocksdb::Allocator* allocator,
                                 const rocksdb::SliceTransform* transform, rocksdb::Logger* logger) override {
    std::unique_ptr<MemTableRep> below(vectors_.CreateMemTableRep(comparator, allocator, transform, logger));
    return new MeasuredMemtable(std::move(below), allocator);  // RocksDB takes it
  }

 private:
  rocksdb::VectorRepFactory vectors_;
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> NewMeasuredMemtables() { return std::make_shared<MeasuredMemtables>(); }

}  // namespace datong::storage
