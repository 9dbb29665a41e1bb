// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace datong::sdk {

class RowBatch;

// Makes values of a row's raw bytes when somebody needs them. It is its batch's own and outlives the Read that gave it,
// on whatever thread: it must share nothing with its source that changes or ends.
class RowParser {
 public:
  virtual ~RowParser() = default;
  // Adds what the row would have had between BeginRow and EndRow. `raw` is valid during the call.
  virtual void Parse(std::string_view raw, RowBatch& into) = 0;
};

// Rows of text on their way from a source into the exchange. One arena, no allocation per row once warm.
//
//   batch.BeginRow(17);  batch.Add("张三");  batch.AddAbsent();  batch.EndRow();
//   batch.BeginRow(18, "李四,女");  batch.AddPart(0, 6);  batch.AddPart(7, 3);  batch.EndRow();
//   batch.AddUnreadable(19, "ragged_row", "13 columns where the header has 10", raw_bytes);
//   batch.BeginRow(20, raw_bytes);  batch.SetUnreadable("encoding", "column name is not UTF-8");  batch.Add("0123");
//   batch.AddAbsent(); batch.EndRow();
//   if (batch.may_be_unparsed()) { batch.SetParser(...);  batch.AddUnparsed(21, "李四,女"); }
//
// Values are UTF-8, in the order of the unit's columns. One batch holds less than 4 GiB. Not thread-safe.
class RowBatch {
 public:
  struct Unreadable {
    std::string reason;  // stable code
    std::string detail;  // for a person
  };

  // `row_number`: 1-based within the unit, the header not counted; increasing. `raw`: the row's original bytes at the
  // source, so that a row with a wrong value can be handed back as it stood (the runner cuts what is too large); empty
  // when the source has no such thing.
  void BeginRow(uint64_t row_number, std::string_view raw = {}) {
    at_hand_ = rows_.size();
    rows_.push_back({row_number, static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(raw.size()),
                     static_cast<uint32_t>(values_.size())});
    arena_.append(raw);
  }
  void Add(std::string_view value) {
    values_.push_back(
        {static_cast<uint32_t>(arena_.size()) - rows_[at_hand_].offset, static_cast<uint32_t>(value.size())});
    arena_.append(value);
  }
  // A value that stands in the row's raw bytes as it is: no copy.
  void AddPart(size_t offset, size_t size) {
    values_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(size)});
  }
  void AddAbsent() { values_.push_back({0, kAbsent}); }
  void EndRow() { rows_[at_hand_].width = static_cast<uint32_t>(values_.size()) - rows_[at_hand_].first_value; }
  // Between BeginRow and EndRow: this row says "gone".
  void SetDelete() { rows_[at_hand_].is_delete = true; }
  // Between BeginRow and EndRow: not all of the row can be read. Its values may stand in their columns all the same:
  // Add those that can, AddAbsent for those that can't. Its key may so be known.
  void SetUnreadable(std::string reason, std::string detail);
  // A row of which no value can be trusted.
  void AddUnreadable(uint64_t row_number, std::string reason, std::string detail, std::string_view raw);
  // A row of which nothing is known but its bytes. Only where it may be, and once the batch has its parser.
  void AddUnparsed(uint64_t row_number, std::string_view raw) {
    BeginRow(row_number, raw);
    rows_.back().is_parsed = false;
  }
  void SetParser(std::unique_ptr<RowParser> parser) { parser_ = std::move(parser); }
  void Clear();  // keeps the memory of the rows

  // Whoever has the batch filled can do with rows that are not parsed, until the next Clear.
  void AllowUnparsed() { may_be_unparsed_ = true; }
  bool may_be_unparsed() const { return may_be_unparsed_; }

  size_t rows() const { return rows_.size(); }
  size_t bytes() const { return arena_.size(); }
  size_t unreadable_rows() const { return unreadable_.size(); }  // of those that are parsed
  uint64_t row_number(size_t row) const { return rows_[row].number; }
  std::string_view raw(size_t row) const {
    return std::string_view(arena_).substr(rows_[row].offset, rows_[row].raw_size);
  }
  bool is_parsed(size_t row) const { return rows_[row].is_parsed; }
  // Does nothing where the row is parsed already.
  void Parse(size_t row) {
    if (!rows_[row].is_parsed) ParseNow(row);
  }

  // --- of a row that is parsed ---
  bool is_delete(size_t row) const { return rows_[row].is_delete; }
  // Raw bytes and values of the row, as they lie in memory, and the numbers that say where each value lies in them: all
  // there is of the row, if it was handed over parsed. Rows that are equal in both have equal values.
  std::string_view memory(size_t row) const {
    const size_t begin = rows_[row].offset;
    const size_t end = row + 1 < rows_.size() ? rows_[row + 1].offset : arena_.size();
    return std::string_view(arena_).substr(begin, end - begin);
  }
  std::string_view places(size_t row) const {
    static_assert(std::has_unique_object_representations_v<Value>);
    return {reinterpret_cast<const char*>(values_.data() + rows_[row].first_value), rows_[row].width * sizeof(Value)};
  }
  const Unreadable* unreadable(size_t row) const {
    return rows_[row].unreadable < 0 ? nullptr : &unreadable_[static_cast<size_t>(rows_[row].unreadable)];
  }
  size_t width(size_t row) const { return rows_[row].width; }
  // View into the arena, valid until the next Add, Parse or Clear; nullopt = absent.
  std::optional<std::string_view> value(size_t row, size_t column) const {
    const Value& value = values_[rows_[row].first_value + column];
    if (value.size == kAbsent) return std::nullopt;
    return std::string_view(arena_).substr(rows_[row].offset + value.offset, value.size);
  }

 private:
  struct Row {
    uint64_t number;
    uint32_t offset;  // of its first byte in arena_
    uint32_t raw_size;
    uint32_t first_value;     // in values_
    uint32_t width = 0;       // so many of them
    int32_t unreadable = -1;  // index into unreadable_, or -1
    bool is_delete = false;
    bool is_parsed = true;
  };
  struct Value {
    uint32_t offset;  // behind the row's first byte
    uint32_t size;    // kAbsent = absent
  };
  static constexpr uint32_t kAbsent = UINT32_MAX;

  void ParseNow(size_t row);

  std::string arena_;
  std::vector<Row> rows_;
  std::vector<Value> values_;
  std::vector<Unreadable> unreadable_;
  size_t at_hand_ = 0;  // the row that is being filled
  bool may_be_unparsed_ = false;
  std::unique_ptr<RowParser> parser_;
  std::string parsed_from_;  // raw bytes that stay where they are while arena_ grows
};

}  // namespace datong::sdk
