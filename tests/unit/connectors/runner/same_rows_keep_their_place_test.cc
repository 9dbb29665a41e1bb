// SPDX-License-Identifier: Apache-2.0
// Rows that go out without their content take a road of their own through the packer: they stand in the batches where
// they would have stood with it, between the same neighbours and with the same claims, whichever of them that are.
// Where their source hands them over unparsed, they and no others stay so.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/runner/batch_packer.h"
#include "connectors/runner/row_signature.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

struct Text {
  std::string code, name, capital;
  bool is_delete = false;
  bool unreadable = false;
};

std::string RawOf(const Text& text) {
  return (text.unreadable ? "?" : "") + text.code + "\t" + text.name + "\t" + text.capital;
}

void AddValues(std::string_view raw, sdk::RowBatch& rows) {
  if (raw.front() == '?') return rows.SetUnreadable("encoding", "not UTF-8");
  for (int column = 0; column < 3; ++column) {
    const size_t size = std::min(raw.find('\t'), raw.size());
    rows.Add(raw.substr(0, size));
    raw.remove_prefix(std::min(size + 1, raw.size()));
  }
}

class CountingParser final : public sdk::RowParser {
 public:
  explicit CountingParser(size_t& parsed) : parsed_(parsed) {}
  void Parse(std::string_view raw, sdk::RowBatch& into) override {
    ++parsed_;
    AddValues(raw, into);
  }

 private:
  size_t& parsed_;
};

// That a row is deleted does not stand in its bytes: such rows come parsed.
void AddTo(sdk::RowBatch& rows, uint64_t number, const Text& text) {
  const std::string raw = RawOf(text);
  if (rows.may_be_unparsed() && !text.is_delete) return rows.AddUnparsed(number, raw);
  rows.BeginRow(number, raw);
  if (text.is_delete) rows.SetDelete();
  AddValues(raw, rows);
  rows.EndRow();
}

struct Packed {
  uint64_t row = 0;
  record::Operation operation{};
  base::Digest key, fingerprint;
  std::string content;
  uint32_t entry = 0;
};

// How a dump is handed over, and how many of its rows were parsed later then.
struct Way {
  bool unparsed = false;
  size_t parsed = 0;
};

// What goes out for a dump, by partition and in order, handed over some rows at a time.
std::map<uint32_t, std::vector<Packed>> Pack(BatchPacker& packer, RememberedRows* remembered,
                                             const std::vector<Text>& dump, Way& way, base::SeededRandom& random) {
  std::map<uint32_t, std::vector<Packed>> out;
  sdk::RowBatch rows;
  RecalledRows recalled;
  for (size_t i = 0; i < dump.size();) {
    rows.Clear();
    if (way.unparsed) {
      rows.AllowUnparsed();
      rows.SetParser(std::make_unique<CountingParser>(way.parsed));
    }
    for (uint64_t some = 1 + random.Below(20'000); some > 0 && i < dump.size(); --some, ++i) {
      AddTo(rows, i + 1, dump[i]);
    }
    RecallRows(rows, way.unparsed, remembered, recalled);
    packer.Add(rows, &recalled);
    if (random.Below(2) == 0 && i < dump.size()) continue;
    FilledBatches filled = packer.Take();
    for (const FilledBatches::Filled& one : filled.batches) {
      const auto& columns = one.batch.columns;
      size_t same = 0;
      for (size_t record = 0; record < one.batch.size(); ++record) {
        const bool is_same = columns.operation[record] == record::Operation::kSame;
        out[one.partition].push_back({columns.row[record], columns.operation[record], columns.key[record],
                                      columns.fingerprint[record], std::string(one.batch.record(record)),
                                      is_same ? columns.same_entry.at(same++) : 0});
      }
      REQUIRE(same == columns.same_entry.size());
    }
    packer.GiveBack(std::move(filled));
  }
  return out;
}

TEST_CASE("rows that are the same stand where they would stand with their content, and are not parsed") {
  Way way{.unparsed = GENERATE(false, true)};
  base::SeededRandom random(file::TestSeed(base::SystemRandom().Next()));
  tests::TemporaryDirectory directory;
  const client::ResourceInfo resource = Register(3);
  const ColumnMap columns = MapColumns(resource.schema, {"code", "名称", "capital"}, {});
  std::vector<Text> dump;
  for (int i = 0; i < 60'000; ++i) dump.push_back({"c" + std::to_string(i), "甲", std::to_string(i % 7)});

  const std::string path = directory.path() + "/source-1.rows";
  BatchPacker with_memory(resource), plain(resource);
  const auto pack_with_memory = [&](const BatchPacker::WhichAreHeld& which_are_held) {
    const base::Digest meaning = MeaningOf(resource, columns, "");
    RememberedRows remembered(base::PosixFileSystem(), path, meaning);
    RowRecorder recorder(base::PosixFileSystem(), path, meaning, true);
    with_memory.BeginUnit(columns, &recorder, which_are_held);
    auto packed = Pack(with_memory, &remembered, dump, way, random);
    recorder.EndUnit(true);
    return packed;
  };
  pack_with_memory(nullptr);

  for (const uint64_t changed_of_thousand : {0, 10, 500}) {
    for (Text& text : dump) {
      if (random.Below(1'000) >= changed_of_thousand) continue;
      text.is_delete = random.Below(4) == 0;
      text.unreadable = random.Below(4) == 0;
      text.capital = random.Below(4) == 0 ? "many" : std::to_string(random.Below(100));
    }
    const uint64_t not_held_of_thousand = random.Below(100);
    size_t held_rows = 0, same_rows = 0;
    way.parsed = 0;
    std::vector<record::RecordClaim> entries;
    const auto hold = [&](uint32_t, const record::RecordClaims& claims, std::vector<uint32_t>& answer) {
      answer.assign(claims.size(), client::PublishSession::kNotHeld);
      for (size_t i = 0; i < claims.size(); ++i) {
        if (random.Below(1'000) < not_held_of_thousand) continue;
        answer[i] = static_cast<uint32_t>(entries.size());
        entries.push_back(claims.at(i));
        ++held_rows;
      }
    };
    const auto packed = pack_with_memory(hold);
    plain.BeginUnit(columns);
    Way plain_way;
    const auto expected = Pack(plain, nullptr, dump, plain_way, random);
    REQUIRE(packed.size() == expected.size());
    for (const auto& [partition, records] : expected) {
      const std::vector<Packed>& found = packed.at(partition);
      REQUIRE(found.size() == records.size());
      for (size_t i = 0; i < records.size(); ++i) {
        const bool same = found[i].operation == record::Operation::kSame;
        same_rows += same ? 1 : 0;
        const base::Digest& key = same ? entries.at(found[i].entry).key : found[i].key;
        const base::Digest& fingerprint = same ? entries.at(found[i].entry).fingerprint : found[i].fingerprint;
        const bool alike =
            found[i].row == records[i].row && key == records[i].key && fingerprint == records[i].fingerprint &&
            (same ? found[i].content.empty() && records[i].operation == record::Operation::kUpsert
                  : found[i].operation == records[i].operation && found[i].content == records[i].content);
        if (!alike) FAIL("partition " << partition << ", record " << i << ", row " << records[i].row);
      }
    }
    CHECK(same_rows == held_rows);
    CHECK(held_rows > 10'000);
    const auto deletes = std::count_if(dump.begin(), dump.end(), [](const Text& text) { return text.is_delete; });
    const size_t not_held = dump.size() - static_cast<size_t>(deletes) - held_rows;
    CHECK(way.parsed == (way.unparsed ? not_held : 0));
  }
}

}  // namespace
}  // namespace datong::runner
