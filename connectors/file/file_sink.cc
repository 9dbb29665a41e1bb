// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/file_sink.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "connectors/file/csv_scanner.h"
#include "connectors/file/delivery_format.h"
#include "connectors/file/part_files.h"
#include "connectors/file/world_status.h"
#include "exchange_core/base/check.h"

namespace datong::file {
namespace {

constexpr uint64_t kStateBytesMax = uint64_t{16} << 30;

// What both forms share: options, names, the position and the refusals of the last Write.
class DirectorySink : public sdk::SinkConnector {
 public:
  DirectorySink(FileSinkOptions options, base::FileSystem& files, base::StepObserver& observer)
      : options_(std::move(options)),
        files_(files),
        parts_(options_.directory, options_.form == SinkForm::kChanges ? "changes" : "state",
               options_.format == Format::kJsonLines ? ".jsonl" : ".csv", files, observer) {}

  sdk::Status Open(const std::vector<std::string>& items, sdk::SinkState& stored) final {
    stored = {};
    const std::optional<Encoding> encoding = EncodingFromName(options_.encoding);
    if (!encoding || options_.directory.empty() || options_.format == Format::kAuto) {
      return sdk::Status::Fail("bad_options",
                               "a file sink needs a directory, a format (csv or jsonl) and utf-8, gb18030 or gbk");
    }
    format_.emplace(options_, *encoding, items);
    if (!format_->head()) {
      return sdk::Status::Fail("bad_options", "an item's name has no form in " + options_.encoding,
                               "use utf-8 or gb18030");
    }
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

  void Close() final { format_.reset(); }

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
  std::string content_;
};

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
