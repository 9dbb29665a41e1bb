// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/file_sink.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "connectors/file/csv_scanner.h"
#include "connectors/file/delivery_format.h"
#include "connectors/file/part_files.h"
#include "connectors/file/sink_label.h"
#include "connectors/file/world_status.h"
#include "exchange_core/base/check.h"

namespace datong::file {
namespace {

constexpr uint64_t kStateBytesMax = uint64_t{16} << 30;
constexpr char kElsewhere[] =
    "give the sink a directory of its own; a state that was begun elsewhere also needs a new subscription, which "
    "starts "
    "with the present state";

// What both forms share: options, names, the position and the refusals of the last Write.
class DirectorySink : public sdk::SinkConnector {
 public:
  DirectorySink(FileSinkOptions options, base::FileSystem& files, base::StepObserver& observer)
      : options_(std::move(options)),
        files_(files),
        parts_(options_.directory, options_.form == SinkForm::kChanges ? "changes" : "state",
               options_.format == Format::kJsonLines ? ".jsonl" : ".csv", files, observer) {}

  sdk::Status Open(const sdk::SinkContent& content, sdk::SinkState& stored) final {
    stored = {};
    const std::optional<Encoding> encoding = EncodingFromName(options_.encoding);
    if (!encoding || options_.directory.empty() || options_.format == Format::kAuto) {
      return sdk::Status::Fail("bad_options",
                               "a file sink needs a directory, a format (csv or jsonl) and utf-8, gb18030 or gbk");
    }
    format_.emplace(options_, *encoding, content.items);
    if (!format_->head()) {
      return sdk::Status::Fail("bad_options", "an item's name has no form in " + options_.encoding,
                               "use utf-8 or gb18030");
    }
    if (sdk::Status taken = TakeDirectory(content); !taken.ok()) return taken;
    if (const absl::Status opened = parts_.Open(stored.position); !opened.ok()) return FromWorld(opened);
    if (stored.position.empty()) return sdk::Status::Ok();
    absl::StatusOr<std::vector<sdk::SinkState::Refusal>> refused = parts_.ReadRefused(stored.position);
    if (!refused.ok()) return FromWorld(refused.status());
    stored.refused = *std::move(refused);
    return Load(stored.position);
  }

  sdk::WriteResult Write(const sdk::DeliveryBatch& batch, const std::string& position) final {
    DATONG_CHECK(format_ && IsPositionName(position));
    sdk::WriteResult result;
    std::vector<sdk::SinkState::Refusal> refused;
    content_ = *format_->head();
    Render(batch, result.refused, content_);
    for (const sdk::RefusedRecord& refusal : result.refused) {
      const sdk::DeliveryBatch::Record& record = batch.records[refusal.index];
      refused.push_back({record.lane, record.sequence, refusal.reason});
    }
    absl::Status written = parts_.Write(position, content_, refused);
    if (written.ok()) {
      // An older state that can't be removed is only in the way: the highest position wins.
      if (options_.form == SinkForm::kState) (void)parts_.RemoveOthers(position);
    } else {
      Undo();
      result.refused.clear();
    }
    result.status = FromWorld(written);
    return result;
  }

  void Close() final {
    format_.reset();
    lock_.reset();
  }

 protected:
  virtual sdk::Status Load(const std::string& position) = 0;
  // Appends to `content` what the file shall hold after the batch; names the records that can't be part of it.
  virtual void Render(const sdk::DeliveryBatch& batch, std::vector<sdk::RefusedRecord>& refused,
                      std::string& content) = 0;
  virtual void Undo() = 0;  // nothing of the last Render came true

  const FileSinkOptions options_;
  base::FileSystem& files_;
  PartFiles parts_;
  std::optional<DeliveryFormat> format_;

 private:
  sdk::Status TakeDirectory(const sdk::SinkContent& content);
  sdk::Status CheckLabel(const SinkLabel& ours);

  std::unique_ptr<base::FileLock> lock_;  // from Open to Close
  std::string content_;
};

std::string LayoutOf(const FileSinkOptions& options, Encoding encoding) {
  std::string layout = options.form == SinkForm::kState ? "state" : "changes";
  layout += options.format == Format::kJsonLines ? " jsonl " : " csv ";
  layout += EncodingName(encoding);
  if (options.byte_order_mark) layout += " bom";
  return layout;
}

// One holder at a time, and none but the subscription it belongs to; nothing in it is touched before.
sdk::Status DirectorySink::TakeDirectory(const sdk::SinkContent& content) {
  if (const absl::Status made = files_.MakeDirectories(options_.directory); !made.ok()) return FromWorld(made);
  absl::StatusOr<std::unique_ptr<base::FileLock>> lock = files_.Lock(options_.directory + "/.lock");
  if (absl::IsFailedPrecondition(lock.status())) {
    return sdk::Status::Retry(
        options_.directory + " is held by another sink (" + std::string(lock.status().message()) + ")", kElsewhere);
  }
  if (!lock.ok()) return FromWorld(lock.status());
  sdk::Status checked =
      CheckLabel({content.subscription, content.identity, LayoutOf(options_, *EncodingFromName(options_.encoding))});
  if (checked.ok()) lock_ = *std::move(lock);
  return checked;
}

// Whose deliveries the directory holds, and in which form; one without files becomes ours.
sdk::Status DirectorySink::CheckLabel(const SinkLabel& ours) {
  const absl::StatusOr<std::optional<SinkLabel>> read = ReadSinkLabel(files_, options_.directory);
  if (!read.ok()) return FromWorld(read.status());
  const std::optional<SinkLabel>& found = *read;
  if (!found) {
    const absl::StatusOr<bool> holds_parts = parts_.HoldsAnyKind();
    if (!holds_parts.ok()) return FromWorld(holds_parts.status());
    if (!*holds_parts) return FromWorld(WriteSinkLabel(files_, options_.directory, ours));
    return sdk::Status::Fail(
        "foreign_target", options_.directory + " holds files of a sink, and no sink.json that says whose", kElsewhere);
  }
  if (found->identity != ours.identity) {
    return sdk::Status::Fail("foreign_target",
                             options_.directory + " holds the deliveries of another subscription: \"" +
                                 found->subscription + "\", of this exchange or of another one",
                             kElsewhere);
  }
  if (found->layout == ours.layout) return sdk::Status::Ok();
  return sdk::Status::Fail(
      "layout_changed",
      options_.directory + " was begun as \"" + found->layout + "\", and the sink is now \"" + ours.layout + "\"",
      "give the sink its old options back, or a new directory and a new subscription");
}

class ChangesSink final : public DirectorySink {
 public:
  using DirectorySink::DirectorySink;

 private:
  sdk::Status Load(const std::string&) override { return sdk::Status::Ok(); }
  void Undo() override {}
  void Render(const sdk::DeliveryBatch& batch, std::vector<sdk::RefusedRecord>& refused,
              std::string& content) override {
    for (size_t record = 0; record < batch.records.size(); ++record) {
      if (std::optional<std::string> reason = format_->AppendLine(batch, record, content)) {
        refused.push_back({record, *std::move(reason)});
      }
    }
  }
};

class StateSink final : public DirectorySink {
 public:
  using DirectorySink::DirectorySink;

 private:
  // A refused record leaves the state of its key as it was; the receipt says so.
  void Render(const sdk::DeliveryBatch& batch, std::vector<sdk::RefusedRecord>& refused,
              std::string& content) override {
    before_.clear();
    for (size_t record = 0; record < batch.records.size(); ++record) {
      const std::string key(batch.records[record].key);
      std::string line;
      if (batch.records[record].change != sdk::ChangeKind::kDelete) {
        if (std::optional<std::string> reason = format_->AppendLine(batch, record, line)) {
          refused.push_back({record, *std::move(reason)});
          continue;
        }
      }
      const auto at = lines_.find(key);
      before_.emplace(key, at == lines_.end() ? std::nullopt : std::optional(at->second));
      if (!line.empty()) {
        lines_.insert_or_assign(key, std::move(line));
      } else if (at != lines_.end()) {
        lines_.erase(at);
      }
    }
    for (const auto& [key, line] : lines_) content += line;
  }

  void Undo() override {
    for (auto& [key, line] : before_) {
      if (line) {
        lines_[key] = *std::move(line);
      } else {
        lines_.erase(key);
      }
    }
    before_.clear();
  }

  sdk::Status Load(const std::string& position) override {
    lines_.clear();
    const std::string path = parts_.PathOf(position);
    const absl::StatusOr<std::string> text = base::ReadWholeFile(files_, path, kStateBytesMax);
    if (!text.ok()) return FromWorld(text.status());
    std::string_view rest = *text;
    const std::string& head = *format_->head();
    if (rest.substr(0, head.size()) != head) {
      return sdk::Status::Fail("columns_changed", path + " holds other items than are delivered now",
                               "give the sink a new directory and start the subscription with the present state");
    }
    rest.remove_prefix(head.size());
    const bool whole = options_.format == Format::kJsonLines ? LoadJson(rest) : LoadCsv(rest);
    if (whole) return sdk::Status::Ok();
    return sdk::Status::Fail("bad_state", path + " was altered since it was written",
                             "move it away and start the subscription with the present state");
  }

  bool LoadCsv(std::string_view rest) {
    CsvScanner scanner(',', '"', false);
    while (!rest.empty()) {
      if (scanner.Next(rest, true) != CsvScanner::Found::kRecord) return false;
      const CsvScanner::Field& key = scanner.fields().front();
      lines_.emplace_hint(lines_.end(), std::string(key.begin, key.size), rest.substr(0, scanner.size()));
      rest.remove_prefix(scanner.size());
    }
    return true;
  }

  bool LoadJson(std::string_view rest) {
    // Every line begins with it (DeliveryFormat), in every encoding: no need to parse.
    constexpr std::string_view kBegin = "{\"_key\":\"";
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const size_t key_end = rest.find('"', kBegin.size());
      if (end == std::string_view::npos || key_end > end || rest.substr(0, kBegin.size()) != kBegin) return false;
      lines_.emplace_hint(lines_.end(), rest.substr(kBegin.size(), key_end - kBegin.size()), rest.substr(0, end + 1));
      rest.remove_prefix(end + 1);
    }
    return true;
  }

  std::map<std::string, std::string> lines_;                  // present records by key
  std::map<std::string, std::optional<std::string>> before_;  // what the last Render replaced
};

}  // namespace

std::unique_ptr<sdk::SinkConnector> NewFileSink(FileSinkOptions options, base::FileSystem& files,
                                                base::StepObserver& observer) {
  if (options.form == SinkForm::kState) return std::make_unique<StateSink>(std::move(options), files, observer);
  return std::make_unique<ChangesSink>(std::move(options), files, observer);
}

}  // namespace datong::file
