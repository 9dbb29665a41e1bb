// SPDX-License-Identifier: Apache-2.0
#include "cli/quarantine_export.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/row_table.h"
#include "connectors/file/byte_stream.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

using admin::Code;

constexpr size_t kHeaderBytesMax = size_t{1} << 20;
constexpr size_t kWriteBytes = size_t{256} << 10;

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// The line behind the title lines, with its line break, in the bytes it has there.
absl::StatusOr<std::string> HeaderLine(base::FileSystem& files, const std::string& path, uint32_t title_lines) {
  ASSIGN_OR_RETURN(std::shared_ptr<base::RandomAccessFile> file, files.OpenRead(path));
  ASSIGN_OR_RETURN(const auto content, file::OpenContent(std::move(file), path));
  std::string text;
  size_t begin = 0;
  while (text.size() < kHeaderBytesMax) {
    for (size_t end = text.find('\n', begin); end != std::string::npos; end = text.find('\n', begin)) {
      if (title_lines-- == 0) return text.substr(begin, end + 1 - begin);
      begin = end + 1;
    }
    const size_t before = text.size();
    text.resize(before + 4096);
    ASSIGN_OR_RETURN(const size_t got, content->Read(text.data() + before, 4096));
    text.resize(before + got);
    if (got == 0) break;
  }
  return admin::ToStatus({.code = Code::kBadValue, .what = "no header line was found", .where = path});
}

// A file that is not there until it is whole.
class Draft {
 public:
  Draft(base::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  absl::Status Open() {
    const absl::Status removed = files_.Remove(path_ + ".part");
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    ASSIGN_OR_RETURN(file_, files_.OpenAppend(path_ + ".part"));
    return absl::OkStatus();
  }
  void Write(std::string_view bytes) {
    waiting_ += bytes;
    if (waiting_.size() >= kWriteBytes) Flush();
  }
  absl::Status Complete() {
    Flush();
    RETURN_IF_ERROR(status_);
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    return files_.Rename(path_ + ".part", path_);
  }
  void GiveUp() {
    file_.reset();
    files_.Remove(path_ + ".part").IgnoreError();
  }

 private:
  void Flush() {
    if (status_.ok()) status_ = file_->Append(waiting_);
    waiting_.clear();
  }
  base::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<base::AppendFile> file_;
  std::string waiting_;
  absl::Status status_;
};

class ExportWriter final : public RowPrinter {
 public:
  ExportWriter(base::FileSystem& files, const std::string& path)
      : rows_(files, path), reasons_(files, path + ".reasons.csv") {}

  absl::Status Open(const std::string& header) {
    RETURN_IF_ERROR(rows_.Open());
    RETURN_IF_ERROR(reasons_.Open());
    rows_.Write(header);
    reasons_.Write("id,resource,file,row,reason,detail,exported\n");
    return absl::OkStatus();
  }

  void Row(const admin::Json& row) override {
    const bool whole = FlagAt(row, "original") && !FlagAt(row, "cut");
    const std::string resource = TextAt(row, "resource");
    mixed_ = mixed_ || (!resource_.empty() && resource != resource_);
    resource_ = resource;
    std::string raw;
    if (whole && absl::Base64Unescape(TextAt(row, "raw_base64"), &raw)) {
      while (!raw.empty() && (raw.back() == '\n' || raw.back() == '\r')) raw.pop_back();
      rows_.Write(raw + "\n");
      ++exported_;
    } else {
      ++left_out_;
    }
    std::string line;
    for (const char* name : {"id", "resource", "file", "row", "reason", "detail"})
      line += CsvField(TextAt(row, name)) + ",";
    reasons_.Write(line + (whole ? "yes\n" : "no\n"));
  }
  void Finish(const admin::Json&) override {}

  absl::Status Complete() {
    RETURN_IF_ERROR(rows_.Complete());
    return reasons_.Complete();
  }
  void GiveUp() {
    rows_.GiveUp();
    reasons_.GiveUp();
  }
  bool mixed() const { return mixed_; }
  const std::string& resource() const { return resource_; }
  uint64_t exported() const { return exported_; }
  uint64_t left_out() const { return left_out_; }

 private:
  Draft rows_, reasons_;
  std::string resource_;
  bool mixed_ = false;
  uint64_t exported_ = 0, left_out_ = 0;
};

absl::Status Export(Session& session, const QuarantineExportOptions& options, ExportWriter& writer) {
  std::string header;
  if (!options.header_from.empty()) {
    ASSIGN_OR_RETURN(header, HeaderLine(session.ground().files, options.header_from, options.title_lines));
  }
  RETURN_IF_ERROR(writer.Open(header));
  admin::Request request{"quarantine.export", admin::Json::object()};
  if (!options.resource.empty()) request.params["resource"] = options.resource;
  if (!options.source_file.empty()) request.params["file"] = options.source_file;
  RETURN_IF_ERROR(session.Ask(request, {}, writer).status());
  if (writer.mixed()) {
    return admin::ToStatus({.code = Code::kBadValue,
                            .what = "rows of several resources do not belong into one file",
                            .next = "name one with --resource"});
  }
  return writer.Complete();
}

}  // namespace

int ExportQuarantine(Session& session, const QuarantineExportOptions& options) {
  ExportWriter writer(session.ground().files, options.path);
  if (const absl::Status done = Export(session, options, writer); !done.ok()) {
    writer.GiveUp();
    return Fail(session, done);
  }
  const auto printer = PrinterFor(session, NewRowTable(session,
                                                       {TextColumn("FILE", "file"), NumberColumn("ROWS", "rows"),
                                                        NumberColumn("ONLY IN REASONS", "left_out")},
                                                       ""));
  printer->Row({{"file", options.path},
                {"reasons", options.path + ".reasons.csv"},
                {"resource", writer.resource()},
                {"rows", writer.exported()},
                {"left_out", writer.left_out()}});
  printer->Finish(admin::Json::object());
  session.output().Flush();
  if (session.settings().form == OutputForm::kTable && writer.exported() > 0) {
    session.Warn("repair it, then: datong import " + writer.resource() + " " + options.path +
                 (options.header_from.empty() ? " --no-header --columns NAME,NAME,..." : "") +
                 "   (with the dialect of the original)");
  }
  return 0;
}

}  // namespace datong::cli
