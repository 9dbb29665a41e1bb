// SPDX-License-Identifier: Apache-2.0
// Spellings that an item declares to be the same give one key digest in all three places that compute it, other
// spellings do not; what is stored and fingerprinted stays as it was written.
#include <catch2/catch.hpp>

#include "exchange_core/base/utf8.h"
#include "exchange_core/record/key_spelling.h"
#include "exchange_core/record/printable.h"
#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

constexpr SpellingRules kWidth = {.width = true};
constexpr SpellingRules kSpaces = {.spaces = true};
constexpr SpellingRules kCase = {.letter_case = true};

std::string Folded(std::string_view text, SpellingRules rules) {
  std::string scratch;
  return std::string(FoldKeyText(text, rules, scratch));
}

RecordSchema Rules(SpellingRules rules) {
  RecordSchema schema = CompanySchema();
  schema.items[0].ignore_width = rules.width;
  schema.items[0].ignore_spaces = rules.spaces;
  schema.items[0].ignore_case = rules.letter_case;
  return schema;
}

struct Written {
  RecordDigests digests;
  std::string payload;
};

// The same row by Append, DigestRecord, KeyDigest and KeyOfRow, which must agree.
Written Write(const RecordSchema& schema, const std::string& key) {
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(schema.items.size());
  values[0] = key;
  values[1] = "福建";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  Written written{{batch.columns.id[0], batch.columns.key[0], batch.columns.fingerprint[0]}, batch.payload};
  CHECK(DigestRecord(schema, TestKey(), batch.payload) == written.digests);
  CHECK(writer.KeyDigest({key}) == written.digests.key);
  CHECK(writer.KeyOfRow(values) == written.digests.key);
  CHECK(FieldAsText(schema.items[0], written.payload) == key);
  return written;
}

TEST_CASE("each rule folds what it says and nothing else") {
  CHECK(Folded("ＡＢｃ　１２～！￥ｱ", kWidth) == "ABc 12~!￥ｱ");
  CHECK(Folded(" a\t\u00A0\u3000\u200B\uFEFF\u2028 b\r\n\u202F\u205F\u0085", kSpaces) == "ab");
  CHECK(Folded("ＡＢ c", kSpaces) == "ＡＢc");
  CHECK(Folded("AzÀÖ×ØÞßÿŸĀāŁłŹźſĲĸ", kCase) == "azàö×øþßÿÿāāłłźźsĳĸ");
  CHECK(Folded("ΑΩΣςσΆΈΏϓ", kCase) == "αωσσσάέώϓ");
  CHECK(Folded("АЯЁЖІҐӀӁ", kCase) == "аяёжіґӏӂ");
  CHECK(Folded("ǍǎǛẠḀⅣⒶＺＡK", kCase) == "ǎǎǜạḁⅳⓐｚａk");
  CHECK(Folded("ⅳⓩ福建İı𐐀𠮷", kCase) == "ⅳⓩ福建İı𐐀𠮷");
  CHECK(Folded("福建 A", {}) == "福建 A");
}

TEST_CASE("width comes before spaces, and spaces and letters of any width fold together") {
  CHECK(Folded("　Ａ　b Ｃ\uFEFF", kEverySpelling) == "abc");
  CHECK(Folded("　Ａ", {.width = true, .spaces = true}) == "A");
  CHECK(Folded("Ａ b", {.width = true, .letter_case = true}) == "a b");
}

TEST_CASE("folding what is folded changes nothing, and text stays UTF-8") {
  for (const SpellingRules rules : {kWidth, kSpaces, kCase, kEverySpelling}) {
    for (uint32_t c = 1; c < 0x10000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      std::string text;
      if (c < 0x80) {
        text = {static_cast<char>(c)};
      } else if (c < 0x800) {
        text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
      } else {
        text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                static_cast<char>(0x80 | (c & 63))};
      }
      const std::string once = Folded(text, rules);
      if (!base::IsValidUtf8(once) || Folded(once, rules) != once) FAIL("U+" << std::hex << c);
    }
  }
}

TEST_CASE("bytes that are no UTF-8 stay and are never read past") {
  for (const std::string text : {"\xff", "A\xc3", "\xe3\x80", "A\xf0\x9f\x92", "\x80 A", "\xe3(\xa0"}) {
    INFO(Printable(text, 100));
    std::string expected;
    for (const char c : text) {
      if (c != ' ') expected += c == 'A' ? 'a' : c;
    }
    CHECK(Folded(text, kEverySpelling) == expected);
  }
}

TEST_CASE("declared spellings are one key; content and fingerprint stay as written") {
  const std::string plain = "91350100M000100Y43", other = "９１３５０１００m000 100y43\uFEFF";
  const Written a = Write(Rules(kEverySpelling), plain), b = Write(Rules(kEverySpelling), other);
  CHECK(a.digests.key == b.digests.key);
  CHECK(a.digests.id == b.digests.id);
  CHECK(a.digests.fingerprint != b.digests.fingerprint);
  CHECK(a.payload != b.payload);
  const Written c = Write(Rules({}), plain), d = Write(Rules({}), other);
  CHECK(c.digests.key != d.digests.key);
  CHECK(c.digests.fingerprint == a.digests.fingerprint);
  // Each rule alone.
  CHECK(Write(Rules(kCase), "aB").digests.key == Write(Rules(kCase), "Ab").digests.key);
  CHECK(Write(Rules(kCase), "ab").digests.key != Write(Rules(kCase), "a b").digests.key);
  CHECK(Write(Rules(kSpaces), "ab").digests.key == Write(Rules(kSpaces), " a　b").digests.key);
  CHECK(Write(Rules(kWidth), "ab").digests.key == Write(Rules(kWidth), "ａb").digests.key);
  CHECK(Write(Rules(kWidth), "ab").digests.key != Write(Rules(kWidth), "ＡB").digests.key);
}

TEST_CASE("a text that needs no folding has the key it always had") {
  CHECK(Write(Rules({}), "abc").digests.key == Write(Rules(kEverySpelling), "ABC").digests.key);
}

TEST_CASE("a key of which nothing is left is no key") {
  const RecordSchema schema = Rules(kSpaces);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(schema.items.size());
  values[0] = " 　";
  const auto problem = writer.Append(values, Operation::kUpsert, {}, batch);
  REQUIRE(problem);
  CHECK(problem->reason == "key_missing");
  CHECK_FALSE(writer.KeyDigest({" 　"}));
  CHECK_FALSE(writer.KeyOfRow(values));
}

TEST_CASE("an event's declared identity folds too, and only text does") {
  RecordSchema schema = CompanySchema();
  schema.kind = ResourceKind::kEvent;
  schema.key_items = {};
  schema.id_items = {1, 4};
  schema.items[1].ignore_case = schema.items[4].ignore_case = true;
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(schema.items.size());
  for (const char* name : {"Acme", "ACME", "acme2"}) {
    values[1] = name;
    values[4] = "17";
    REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  }
  CHECK(batch.columns.id[0] == batch.columns.id[1]);
  CHECK(batch.columns.id[0] != batch.columns.id[2]);
  CHECK(DigestRecord(schema, TestKey(), batch.record(1))->id == batch.columns.id[0]);
  CHECK_FALSE(writer.KeyOfRow(values));
}

TEST_CASE("keys that differ in spelling only are told without any declared rule") {
  const RecordSchema schema = Rules({});
  const auto folded = [&](const std::string& key) {
    return FoldedKeyDigest(schema, TestKey(), Write(schema, key).payload);
  };
  REQUIRE(folded("Abc 1"));
  CHECK(folded("Abc 1") == folded("\uFEFFａBC１　"));
  CHECK(folded("Abc 1") != folded("Abd 1"));
  CHECK(folded("abc1") != Write(schema, "abc1").digests.key);
  CHECK(folded(" "));  // a key like any other as long as no rule is declared
  CHECK_FALSE(FoldedKeyDigest(schema, TestKey(), ""));
  CHECK_FALSE(FoldedKeyDigest(schema, TestKey(), "\xff"));
  RecordSchema keyless = schema;
  keyless.kind = ResourceKind::kEvent;
  keyless.key_items = {};
  CHECK_FALSE(FoldedKeyDigest(keyless, TestKey(), Write(schema, "a").payload));
}

}  // namespace
}  // namespace datong::record
