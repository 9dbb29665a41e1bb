// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/file_kind.h"

#include <algorithm>
#include <string_view>

#include "connectors/file/byte_stream.h"
#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

constexpr size_t kHeadBytes = 8192;
constexpr size_t kZipTailBytes = 65536;  // where a ZIP keeps the list of its members

constexpr const char* kExportAsCsv = "open it and save the sheet as CSV (UTF-8), then give that file";
constexpr const char* kUnpack = "unpack it and give the file inside";

struct Magic {
  std::string_view bytes;
  const char* name;
  const char* hint;
};
using namespace std::string_view_literals;
constexpr Magic kMagics[] = {
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an old Excel workbook (XLS) or another OLE document", kExportAsCsv},
    {"%PDF-"sv, "a PDF document", "ask the department for the table as CSV"},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7-Zip archive", kUnpack},
    {"Rar!\x1A\x07"sv, "a RAR archive", kUnpack},
    {"\xFD"
     "7zXZ\0"sv,
     "an xz-compressed file", kUnpack},
    {"BZh"sv, "a bzip2-compressed file", kUnpack},
    {"\x28\xB5\x2F\xFD"sv, "a zstd-compressed file", kUnpack},
    {"PAR1"sv, "a Parquet file", "export the table as CSV or JSON lines"},
    {"SQLite format 3\0"sv, "an SQLite database", "export the table as CSV or JSON lines"},
    {"<!DOCTYPE"sv, "an HTML page", kExportAsCsv},
    {"<html"sv, "an HTML page", kExportAsCsv},
    {"<?xml"sv, "an XML document", "export the table as CSV or JSON lines"},
};

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

absl::StatusOr<ForeignKind> ZipKind(base::RandomAccessFile& file, std::string_view head) {
  ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  std::string names(std::min<uint64_t>(size, kZipTailBytes), '\0');
  ASSIGN_OR_RETURN(const size_t got, file.ReadAt(size - names.size(), names.size(), names.data()));
  names.resize(got);
  names.append(head);
  if (Contains(names, "xl/workbook")) return ForeignKind{"not_csv", "an XLSX workbook", kExportAsCsv};
  if (Contains(names, "word/document")) return ForeignKind{"not_csv", "a Word document (DOCX)", kExportAsCsv};
  if (Contains(names, "opendocument.spreadsheet")) return ForeignKind{"not_csv", "an ODS spreadsheet", kExportAsCsv};
  return ForeignKind{"not_csv", "a ZIP archive", kUnpack};
}

}  // namespace

absl::StatusOr<ForeignKind> FindForeignKind(std::shared_ptr<base::RandomAccessFile> file, const std::string& path) {
  std::string buffer(2, '\0');
  ASSIGN_OR_RETURN(const size_t stored_got, file->ReadAt(0, 2, buffer.data()));
  const bool gzip = stored_got == 2 && buffer == "\x1f\x8b";

  ASSIGN_OR_RETURN(auto content, OpenContent(file, path));
  buffer.resize(kHeadBytes);
  absl::StatusOr<size_t> got = content->Read(buffer.data(), buffer.size());
  if (!got.ok()) {
    // A gzip that is broken from the start is told of when its rows are read.
    if (absl::IsOutOfRange(got.status()) || absl::IsDataLoss(got.status())) return ForeignKind{};
    return got.status();
  }
  const std::string_view head = std::string_view(buffer).substr(0, *got);

  if (gzip && head.substr(0, 2) == "\x1f\x8b") {
    return ForeignKind{"gzip_in_gzip", "a gzip file inside a gzip file", "run gunzip on it once, then give the result"};
  }
  if (head.substr(0, 4) == "PK\x03\x04") {
    if (gzip) return ForeignKind{"not_csv", "a ZIP archive or XLSX workbook inside a gzip file", kUnpack};
    return ZipKind(*file, head);
  }
  for (const Magic& magic : kMagics) {
    if (head.substr(0, magic.bytes.size()) == magic.bytes) return ForeignKind{"not_csv", magic.name, magic.hint};
  }
  if (head.substr(0, 2) == "\xFF\xFE"sv || head.substr(0, 2) == "\xFE\xFF"sv) {
    return ForeignKind{"utf_16", "UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8"};
  }
  if (std::count(head.begin(), head.end(), '\0') * 10 > static_cast<int64_t>(head.size())) {
    return ForeignKind{"not_csv", "binary data or UTF-16 text without a mark", "convert it to UTF-8 text first"};
  }
  return ForeignKind{};
}

}  // namespace datong::file
