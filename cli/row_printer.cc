// SPDX-License-Identifier: Apache-2.0
#include "cli/row_printer.h"

#include <cerrno>

namespace datong::cli {
namespace {

class JsonPrinter final : public RowPrinter {
 public:
  explicit JsonPrinter(Output& output) : output_(output) {}
  void Row(const admin::Json& row) override {
    output_.Write(begun_ ? ",\n" : "{\"rows\":[\n");
    output_.Write(admin::ToLine(row));
    begun_ = true;
  }
  void Finish(const admin::Json& summary) override {
    output_.Write(begun_ ? "\n]" : "{\"rows\":[]");
    output_.Write(",\"summary\":" + admin::ToLine(summary) + "}\n");
    output_.Flush();
  }

 private:
  Output& output_;
  bool begun_ = false;
};

class NdjsonPrinter final : public RowPrinter {
 public:
  explicit NdjsonPrinter(Output& output) : output_(output) {}
  void Row(const admin::Json& row) override { output_.Write(admin::ToLine(row) + "\n"); }
  void Finish(const admin::Json&) override { output_.Flush(); }

 private:
  Output& output_;
};

}  // namespace

void Output::Write(std::string_view text) {
  if (!closed_ && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) Failed();
}

void Output::Flush() {
  if (!closed_ && std::fflush(file_) != 0) Failed();
}

void Output::Failed() {
  closed_ = true;
  if (errno != EPIPE) error_ = errno;
}

std::unique_ptr<RowPrinter> NewJsonPrinter(Output& output) { return std::make_unique<JsonPrinter>(output); }
std::unique_ptr<RowPrinter> NewNdjsonPrinter(Output& output) { return std::make_unique<NdjsonPrinter>(output); }

}  // namespace datong::cli
