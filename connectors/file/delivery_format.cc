// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/delivery_format.h"

#include <charconv>

#include "connectors/file/json_text.h"

namespace datong::file {
namespace {

const char* OperationName(sdk::ChangeKind change) {
  switch (change) {
    case sdk::ChangeKind::kInsert:
      return "insert";
    case sdk::ChangeKind::kUpdate:
      return "update";
    case sdk::ChangeKind::kDelete:
      return "delete";
  }
  return "?";
}

void AppendNumber(uint64_t number, std::string& out) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

DeliveryFormat::DeliveryFormat(const FileSinkOptions& options, Encoding encoding, std::vector<std::string> items)
    : json_(options.format == Format::kJsonLines),
      changes_(options.form == SinkForm::kChanges),
      items_(std::move(items)),
      encoder_(encoding),
      encoding_(encoding) {
  std::string head;
  for (const std::string& item : items_) {
    std::string& name = json_names_.emplace_back(",");
    AppendJsonString(item, name);
    name += ':';
  }
  if (!json_) {
    if (options.byte_order_mark && encoding == Encoding::kUtf8) head = "\xEF\xBB\xBF";
    std::string names =
        changes_ ? "_operation,_key,_lane,_sequence,_source_file,_source_row" : "_key,_source_file,_source_row";
    for (const std::string& item : items_) {
      names += ',';
      AppendCsvValue(item, names);
    }
    names += '\n';
    if (!encoder_.Append(names, head)) return;
  }
  head_ = std::move(head);
}

void DeliveryFormat::AppendCsvValue(std::optional<std::string_view> value, std::string& out) {
  if (!value) return;
  if (!value->empty() && value->find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(*value);
    return;
  }
  out += '"';
  for (size_t begin = 0;;) {
    const size_t quote = value->find('"', begin);
    out.append(value->substr(begin, quote == std::string_view::npos ? quote : quote + 1 - begin));
    if (quote == std::string_view::npos) break;
    out += '"';
    begin = quote + 1;
  }
  out += '"';
}

std::optional<std::string_view> DeliveryFormat::Written(std::optional<std::string_view> value) {
  if (!leaves_out_ || !value || encoder_.Append(*value, ignored_)) return value;
  return std::nullopt;
}

void DeliveryFormat::AppendCsv(const sdk::DeliveryBatch& batch, const sdk::DeliveryBatch::Record& record) {
  if (changes_) {
    line_ += OperationName(record.change);
    line_ += ',';
  }
  line_ += record.key;
  line_ += ',';
  if (changes_) {
    AppendNumber(record.lane, line_);
    line_ += ',';
    AppendNumber(record.sequence, line_);
    line_ += ',';
  }
  if (!record.source_file.empty()) AppendCsvValue(Written(record.source_file), line_);
  line_ += ',';
  AppendNumber(record.source_row, line_);
  for (size_t item = 0; item < items_.size(); ++item) {
    line_ += ',';
    AppendCsvValue(Written(batch.values[record.first_value + item]), line_);
  }
}

void DeliveryFormat::AppendJson(const sdk::DeliveryBatch& batch, const sdk::DeliveryBatch::Record& record) {
  line_ += '{';
  if (changes_) {
    line_ += "\"_operation\":\"";
    line_ += OperationName(record.change);
    line_ += "\",";
  }
  line_ += "\"_key\":\"";
  line_ += record.key;
  if (changes_) {
    line_ += "\",\"_lane\":";
    AppendNumber(record.lane, line_);
    line_ += ",\"_sequence\":";
    AppendNumber(record.sequence, line_);
    line_ += ",\"_source_file\":";
  } else {
    line_ += "\",\"_source_file\":";
  }
  AppendJsonString(Written(record.source_file).value_or(""), line_);
  line_ += ",\"_source_row\":";
  AppendNumber(record.source_row, line_);
  for (size_t item = 0; item < items_.size(); ++item) {
    const auto value = Written(batch.values[record.first_value + item]);
    if (!value) continue;
    line_ += json_names_[item];
    AppendJsonString(*value, line_);
  }
  line_ += '}';
}

std::optional<std::string> DeliveryFormat::AppendLine(const sdk::DeliveryBatch& batch, size_t record,
                                                      std::string& out) {
  const sdk::DeliveryBatch::Record& written = batch.records[record];
  for (const bool leaves_out : {false, true}) {
    if (leaves_out && written.change != sdk::ChangeKind::kDelete) break;
    leaves_out_ = leaves_out;
    ignored_.clear();
    line_.clear();
    json_ ? AppendJson(batch, written) : AppendCsv(batch, written);
    line_ += '\n';
    if (encoder_.Append(line_, out)) return std::nullopt;
  }
  // Rare: now find which item it was, for the one who has to mend it.
  for (size_t item = 0; item < items_.size(); ++item) {
    const auto value = batch.value(record, item);
    if (value && !encoder_.Append(*value, ignored_)) {
      return "not_representable: item " + items_[item] + " holds a character that " + EncodingName(encoding_) +
             " does not have";
    }
  }
  return std::string("not_representable: the source file's name has no form in ") + EncodingName(encoding_);
}

}  // namespace datong::file
