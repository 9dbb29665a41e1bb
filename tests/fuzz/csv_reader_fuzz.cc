// SPDX-License-Identifier: Apache-2.0
// Any bytes under any options are read to the same rows in pieces of any size and from any row on, and a record that is
// too large to hold is passed over exactly. Other encodings are decoded as glibc decodes them.
//
// Input: delimiter, switches, declared columns and whether it is a full dump with a trailer, piece size, row to resume
// at (a byte each), then the file.
#include <iconv.h>

#include <memory>
#include <string>

#include "connectors/file/csv_reader.h"
#include "connectors/file/csv_scanner.h"
#include "connectors/file/text_encoding.h"
#include "exchange_core/base/check.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"
#include "tests/fuzz/row_reading.h"

namespace datong::fuzz {
namespace {

constexpr std::string_view kDelimiters = ",;\t|^A~ @";

struct Choices {
  file::FileSourceOptions options;
  file::Encoding encoding = file::Encoding::kUtf8;
};

// Only what FileSource accepts (CheckOptions): quotes are below 0x30 and differ from the delimiter.
Choices Choose(InputReader& reader) {
  Choices chosen;
  chosen.options.delimiter = kDelimiters[reader.Byte() % kDelimiters.size()];
  const uint8_t switches = reader.Byte();
  constexpr char kQuotes[] = {'"', '\'', '\0', '"'};
  chosen.options.quote = kQuotes[switches & 3];
  chosen.options.header = (switches & 4) == 0;
  chosen.options.ragged = (switches & 8) != 0 ? file::RaggedRows::kPad : file::RaggedRows::kUnreadable;
  constexpr file::Encoding kEncodings[] = {file::Encoding::kUtf8, file::Encoding::kGb18030, file::Encoding::kGbk,
                                           file::Encoding::kUtf8};
  chosen.encoding = kEncodings[switches >> 4 & 3];
  chosen.options.title_lines = switches >> 6;
  const uint8_t declared = reader.Byte();
  chosen.options.full = (declared & 4) != 0;
  if ((declared & 8) != 0) chosen.options.trailer = "1";
  for (size_t i = declared % 4; i > 0; --i) chosen.options.columns.push_back("declared_" + std::to_string(i));
  return chosen;
}

// Passing over a record as one too large ends exactly where reading it would have.
void CheckSkipping(std::string_view text, size_t piece_max, const Choices& chosen) {
  const bool wide = chosen.encoding != file::Encoding::kUtf8 && chosen.options.delimiter >= 0x30;
  file::CsvScanner scanner(chosen.options.delimiter, chosen.options.quote, wide);
  file::CsvScanner skipper(chosen.options.delimiter, chosen.options.quote, wide);
  for (;;) {
    const file::CsvScanner::Found found = scanner.Next(text, true);
    DATONG_CHECK(found != file::CsvScanner::Found::kNeedMore);
    if (found == file::CsvScanner::Found::kEnd) return;
    if (found == file::CsvScanner::Found::kBlankLine) {
      text.remove_prefix(scanner.size());
      continue;
    }
    skipper.StartSkip();
    size_t skipped = 0;
    while (!skipper.done() && skipped < text.size()) skipped += skipper.SkipSome(text.substr(skipped, piece_max));
    DATONG_CHECK(skipper.inside_quotes() == (found == file::CsvScanner::Found::kOpenQuote));
    if (found == file::CsvScanner::Found::kOpenQuote) return;
    DATONG_CHECK(skipped == scanner.size());
    text.remove_prefix(skipped);
  }
}

// GB18030 and GBK are what glibc says they are, also where our own table answers; but for the euro sign, which is not
// in CP936 and which glibc's GBK reads from a single 0x80.
void CheckDecoding(std::string_view text, file::Encoding encoding) {
  if (encoding == file::Encoding::kUtf8) return;
  file::TextDecoder decoder(encoding);
  std::string ours;
  const bool decodes = decoder.Append(text, ours);

  const iconv_t handle = iconv_open("UTF-8", file::EncodingName(encoding));
  DATONG_CHECK(handle != reinterpret_cast<iconv_t>(-1));
  std::string theirs(4 * text.size() + 4, '\0');
  char* in = const_cast<char*>(text.data());
  char* out = theirs.data();
  size_t in_left = text.size(), out_left = theirs.size();
  const bool converts = iconv(handle, &in, &in_left, &out, &out_left) != static_cast<size_t>(-1) && in_left == 0;
  iconv_close(handle);
  theirs.resize(theirs.size() - out_left);
  if (encoding == file::Encoding::kGbk && theirs.find("\xe2\x82\xac") != std::string::npos) {
    DATONG_CHECK(!decodes);
    return;
  }
  DATONG_CHECK(decodes == converts);
  DATONG_CHECK(!decodes || ours == theirs);
}

}  // namespace

void FuzzCsvReader(std::string_view input) {
  InputReader reader(input);
  const Choices chosen = Choose(reader);
  const size_t piece_max = 1 + reader.Byte() % 32;
  const size_t resume = reader.Byte();
  const std::string_view content = reader.rest();
  CheckReader(
      [&](size_t pieces) {
        return std::make_unique<file::CsvReader>(InPieces(content, pieces), "f.csv", chosen.options, chosen.encoding,
                                                 chosen.options.delimiter);
      },
      piece_max, resume);
  CheckSkipping(content, piece_max, chosen);
  CheckDecoding(content, chosen.encoding);
}

}  // namespace datong::fuzz
