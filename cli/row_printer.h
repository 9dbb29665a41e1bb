// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "exchange_core/admin/request.h"

namespace datong::cli {

// Standard output. After the reader went away (a closed pipe) writes are dropped and closed() says so.
class Output {
 public:
  explicit Output(std::FILE* file) : file_(file) {}
  void Write(std::string_view text);
  void Flush();
  bool closed() const { return closed_; }
  int error() const { return error_; }  // errno of a write that failed for another reason than a reader who left; or 0

 private:
  void Failed();

  std::FILE* file_;
  bool closed_ = false;
  int error_ = 0;
};

enum class OutputForm { kTable, kJson, kNdjson };

// Shows an answer: every row as it comes, then the summary.
class RowPrinter {
 public:
  virtual ~RowPrinter() = default;
  virtual void Row(const admin::Json& row) = 0;
  virtual void Finish(const admin::Json& summary) = 0;
};

// {"rows":[...],"summary":{...}}: one document. Nothing is printed when the answer fails before its first row.
std::unique_ptr<RowPrinter> NewJsonPrinter(Output& output);
// A row per line; the summary is left out.
std::unique_ptr<RowPrinter> NewNdjsonPrinter(Output& output);

}  // namespace datong::cli
