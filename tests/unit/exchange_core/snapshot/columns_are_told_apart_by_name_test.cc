// SPDX-License-Identifier: Apache-2.0
// Which columns of a dump were renamed, dropped and added is told by name; their order says nothing.
#include <catch2/catch.hpp>

#include "exchange_core/snapshot/column_differences.h"

namespace datong::snapshot {
namespace {

record::RecordSchema Schema() {
  record::RecordSchema schema;
  uint32_t field = 0;
  for (const char* name : {"code", "name", "address", "note"}) {
    record::Item item;
    item.name = name;
    item.field_number = ++field;
    schema.items.push_back(item);
  }
  schema.key_items = {0};
  return schema;
}

TEST_CASE("the same names in any order differ in nothing") {
  CHECK(FindColumnDifferences(Schema(), {"note", "code", "address", "name"}).none());
  CHECK(FindColumnDifferences(Schema(), {}).none());  // unknown
}

TEST_CASE("a column at the place of a missing item took its place") {
  const ColumnDifferences found = FindColumnDifferences(Schema(), {"code", "name", "street", "note"});
  CHECK(Describe(found) == "renamed: address -> street");
  CHECK_FALSE(found.key_dropped);
}

TEST_CASE("a name that differs in letter case or marks is a renaming wherever it stands") {
  const ColumnDifferences found = FindColumnDifferences(Schema(), {"name", "address", "note",
                                                                   "\xEF\xBB\xBF"
                                                                   "Code"});
  REQUIRE(found.renamed.size() == 1);
  CHECK(found.renamed[0].first == "code");
  CHECK(found.key_dropped);
}

TEST_CASE("what is gone is dropped, what is new is added") {
  const ColumnDifferences found = FindColumnDifferences(Schema(), {"code", "name", "address"});
  CHECK(Describe(found) == "dropped: note");
  const ColumnDifferences more = FindColumnDifferences(Schema(), {"code", "name", "address", "note", "phone", "fax"});
  CHECK(Describe(more) == "added: phone, fax");
  CHECK(more.only_added());
}

}  // namespace
}  // namespace datong::snapshot
