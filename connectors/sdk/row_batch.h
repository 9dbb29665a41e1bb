// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace datong::sdk {

// Rows of text on their way from a source into the exchange. One arena, no allocation per row once warm.
//
//   batch.BeginRow(17);  batch.Add("张三");  batch.AddAbsent();  batch.EndRow();
//   batch.BeginRow(18, "李四,女");  batch.AddPart(0, 6);  batch.AddPart(7, 3);  batch.EndRow();
//   batch.AddUnreadable(19, "ragged_row", "13 columns where the header has 10", raw_bytes);
//   batch.BeginUnreadable(20, "encoding", "column name is not UTF-8", raw_bytes);  batch.Add("0123");
//   batch.AddAbsent(); batch.EndRow();
//
// Values are UTF-8, in the order of the unit's columns. One batch holds less than 4 GiB. Not thread-safe.
class RowBatch {
 public:
  struct Unreadable {
    std::string reason;  // stable code
    std::string detail;  // for a person
    std::string raw;     // original bytes of the row at the source (the runner cuts what is too large)
  };

  // `row_number`: 1-based within the unit, the header not counted; increasing. `raw`: the row's original bytes at the
  // source, so that a row with a wrong value can be handed back as it stood; empty when the source has no such thing.
  void BeginRow(uint64_t row_number, std::string_view raw = {}) {
    row_raw_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(raw.size())});
    arena_.append(raw);
    row_numbers_.push_back(row_number);
    row_deletes_.push_back(0);
    row_unreadable_.push_back(-1);
    row_ends_.push_back(values_.size());
  }
  void Add(std::string_view value) {
    values_.push_back(
        {static_cast<uint32_t>(arena_.size()) - row_raw_.back().offset, static_cast<uint32_t>(value.size())});
    arena_.append(value);
  }
  // A value that stands in the row's raw bytes as it is: no copy.
  void AddPart(size_t offset, size_t size) {
    values_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(size)});
  }
  void AddAbsent() { values_.push_back({0, kAbsent}); }
  void EndRow() { row_ends_.back() = values_.size(); }
  void SetDelete() { row_deletes_.back() = 1; }  // between BeginRow and EndRow: this row says "gone"
  // A row of which no value can be trusted.
  void AddUnreadable(uint64_t row_number, std::string reason, std::string detail, std::string_view raw_bytes);
  // A row whose values stand in their columns though some can't be read: Add those that can, AddAbsent for those that
  // can't, EndRow. Its key may so be known.
  void BeginUnreadable(uint64_t row_number, std::string reason, std::string detail, std::string_view raw_bytes);
  void Clear();  // keeps the memory

  size_t rows() const { return row_numbers_.size(); }
  size_t bytes() const { return arena_.size() + unreadable_bytes_; }
  size_t unreadable_rows() const { return unreadable_.size(); }
  uint64_t row_number(size_t row) const { return row_numbers_[row]; }
  bool is_delete(size_t row) const { return row_deletes_[row] != 0; }
  std::string_view raw(size_t row) const {
    return std::string_view(arena_).substr(row_raw_[row].offset, row_raw_[row].size);
  }
  // Raw bytes and values of the row, as they lie in memory, and the numbers that say where each value lies in them: all
  // there is of the row. Rows that are equal in both have equal values.
  std::string_view memory(size_t row) const {
    const size_t begin = row_raw_[row].offset;
    const size_t end = row + 1 < row_raw_.size() ? row_raw_[row + 1].offset : arena_.size();
    return std::string_view(arena_).substr(begin, end - begin);
  }
  std::string_view places(size_t row) const {
    const size_t begin = row == 0 ? 0 : row_ends_[row - 1];
    static_assert(std::has_unique_object_representations_v<Value>);
    return {reinterpret_cast<const char*>(values_.data() + begin), (row_ends_[row] - begin) * sizeof(Value)};
  }
  const Unreadable* unreadable(size_t row) const {
    return row_unreadable_[row] < 0 ? nullptr : &unreadable_[static_cast<size_t>(row_unreadable_[row])];
  }
  size_t width(size_t row) const { return row_ends_[row] - (row == 0 ? 0 : row_ends_[row - 1]); }
  // View into the arena, valid until the next Add or Clear; nullopt = absent.
  std::optional<std::string_view> value(size_t row, size_t column) const {
    const Value& value = values_[(row == 0 ? 0 : row_ends_[row - 1]) + column];
    if (value.size == kAbsent) return std::nullopt;
    return std::string_view(arena_).substr(row_raw_[row].offset + value.offset, value.size);
  }

 private:
  struct Value {
    uint32_t offset;  // behind the row's first byte
    uint32_t size;    // kAbsent = absent
  };
  static constexpr uint32_t kAbsent = UINT32_MAX;
  std::string arena_;
  std::vector<Value> values_;
  std::vector<size_t> row_ends_;  // one past the row's last value in values_
  std::vector<Value> row_raw_;    // offset: in arena_
  std::vector<uint64_t> row_numbers_;
  std::vector<uint8_t> row_deletes_;
  std::vector<int32_t> row_unreadable_;  // index into unreadable_, or -1
  std::vector<Unreadable> unreadable_;
  size_t unreadable_bytes_ = 0;
};

}  // namespace datong::sdk
