// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connectors/file/dump_manifest.h"
#include "connectors/sdk/source_connector.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/step_observer.h"

// CSV and JSON lines files as a source. A file is a unit; its identity is the SHA-256 of its bytes as stored, its name
// the base name. gzip is recognised by content, whatever the file is called. A file is read once: it is digested as its
// rows are read, and its identity told at its end; before its first row only where its SHA-256 is stated, where it
// fails before that row, and when asked for.
namespace datong::file {

enum class Format { kAuto, kCsv, kJsonLines };  // kAuto: .jsonl .ndjson .json (before .gz) are JSON lines, all else CSV

// What becomes of a CSV record that is not as wide as the header.
enum class RaggedRows {
  kUnreadable,  // published as unreadable, "ragged_row"
  kPad,  // missing values at the end are absent; surplus values are dropped if all of them are empty, else unreadable
};

struct FileSourceOptions {
  // Either `paths`, read in this order, then the source is exhausted; or `directory`: files whose names match `pattern`
  // (* and ?), in name order. New files must have greater names than all before them (dates in names do) and must
  // appear complete, by a rename; names that begin with a dot or end in .tmp or .part are not looked at.
  std::vector<std::string> paths;
  std::string directory;
  std::string pattern = "*";
  int64_t watch_interval_ms = 1000;

  // paths: read files again that this source has finished before (an import that names a file means it).
  bool read_again = false;

  Format format = Format::kAuto;
  // utf-8, gb18030, gbk (also cp936, gb2312). GB18030 and GBK are decoded as glibc does: GB18030 in the 2005 edition
  // (with the mapping changes that the installed glibc has made since; the 2022 edition differs in 18 characters), GBK
  // as CP936 without the euro sign at 0x80. A row that does not decode is unreadable, "encoding"; the rest goes on.
  std::string encoding = "utf-8";

  // CSV (RFC 4180). A value that is empty without quotes is absent, "" is empty. Blank lines are not records. As most
  // readers do, a quote inside an unquoted value stands for itself, and text after a closing quote belongs to the
  // value.
  char delimiter = '\0';     // one byte; '\0': tab for .tsv, else comma
  char quote = '"';          // '\0': no quoting
  uint32_t title_lines = 0;  // records before the header that are not data
  bool header = true;
  RaggedRows ragged = RaggedRows::kUnreadable;

  // CSV: the names when there is no header; with one, names for its nameless columns, by place. What stays nameless is
  // called column_<n>, counted from 1. JSON lines: the names to look for; others are reported in
  // SourceRead::unknown_columns. Left empty, JSON lines files are read once before the first row to learn all names.
  std::vector<std::string> columns;

  // Each file is a complete dump. What might be cut off must then not pass for a shorter one: a last record without
  // line end and with fewer values than the header (JSON lines: that is no object) fails the unit with "cut_off".
  bool full = false;

  // What the department states about a file, held against it: files beside it, which are not read as files of their
  // own, and a last record whose first value is `trailer`, which is no row; its second value, if it has one, is the
  // number of rows (CSV only). A wrong SHA-256 is told before any row.
  ManifestParts manifest;
  std::string trailer;

  // Unit::as_of_us is taken from the file's name (dump_moment.h); else from the manifest where it is declared there.
  bool as_of_in_name = false;
  bool as_of_in_rows = false;  // the latest event time of its rows: the exchange knows it

  size_t rows_per_read_max = 8192;
  size_t bytes_per_read_max = size_t{1} << 20;  // of values; one row may exceed it
};

// Refusals before any row (Status::Fail; in a watched directory the unit fails and the next file is read): not_csv (an
// XLSX workbook, XLS, PDF, ... is called by its true name), utf_16, gzip_in_gzip, json_array, no_header,
// header_encoding. Also: no_such_file, file_changed (the bytes are not those the position was taken in), bad_options,
// bad_position. A file that breaks off later fails its unit with "cut_off" or "damaged"; rows before stand. So does one
// that is not what was stated of it: before any row with digest_mismatch, no_manifest (a part is missing; in a watched
// directory the source waits for it instead), bad_manifest, no_as_of; at its end with count_mismatch. `files` and
// `observer` ("source.read" before every Read) must outlive the source.
std::unique_ptr<sdk::SourceConnector> NewFileSource(FileSourceOptions options, base::FileSystem& files,
                                                    base::StepObserver& observer = base::NoObserver());

}  // namespace datong::file
