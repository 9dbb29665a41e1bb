// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "connectors/file/file_source.h"
#include "connectors/sdk/sink_connector.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/step_observer.h"

// A directory of CSV or JSON lines files as a sink. Data and position are one: the position is part of the file's name,
// and a file gets that name only when it is complete and synced. Files appear by rename; readers may take every file
// that does not begin with a dot at any moment.
namespace datong::file {

enum class SinkForm {
  kChanges,  // every Write adds changes-<position>.csv: _operation,_key,_lane,_sequence,_source_file,_source_row and
             // the items
  kState,    // every Write replaces state-<position>.csv: _key,_source_file,_source_row and the items, sorted by _key.
           // All of it is kept in memory (key and line of every present record) and rewritten per Write: for registers,
           // not for streams.
};

struct FileSinkOptions {
  std::string directory;         // created when missing; one sink per directory
  Format format = Format::kCsv;  // kCsv or kJsonLines
  SinkForm form = SinkForm::kChanges;
  // Or gb18030, gbk. A record with a character that has no form in it is refused; of a delete only that value is left
  // out.
  std::string encoding = "utf-8";
  bool byte_order_mark = false;  // utf-8 CSV only: what spreadsheets want
};

// CSV: RFC 4180 with LF, a header in every file; absent = nothing between the delimiters, empty = "". JSON lines:
// absent items are left out, all values are strings. _operation: insert, update, delete. Records refused by a Write are
// in refused-<position>.jsonl.
//
// Fail: bad_options, foreign_target (the directory holds another subscription's deliveries, or files of no known one),
// layout_changed (it holds another form, format or encoding), columns_changed (state form: the stored state has other
// items), bad_state (a stored file was damaged). Steps: sink.part_written, sink.part_renamed. `files` and `observer`
// must outlive the sink.
std::unique_ptr<sdk::SinkConnector> NewFileSink(FileSinkOptions options, base::FileSystem& files,
                                                base::StepObserver& observer = base::NoObserver());

}  // namespace datong::file
