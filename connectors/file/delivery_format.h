// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/file_sink.h"
#include "connectors/file/text_encoding.h"
#include "connectors/sdk/sink_connector.h"

namespace datong::file {

// Writes delivered records as lines of CSV or JSON, in the sink's encoding. Not thread-safe.
class DeliveryFormat {
 public:
  DeliveryFormat(const FileSinkOptions& options, Encoding encoding, std::vector<std::string> items);

  // What a file begins with: byte order mark and CSV header, or nothing. Unset when an item's name has no form in the
  // encoding.
  const std::optional<std::string>& head() const { return head_; }
  // Appends the record's line with its line end. The reason of refusal when a value has no form in the encoding; `out`
  // is then unchanged. A delete is written without such values instead: it says that its key is gone, and who holds an
  // earlier content of that key must hear so.
  std::optional<std::string> AppendLine(const sdk::DeliveryBatch& batch, size_t record, std::string& out);

 private:
  void AppendCsvValue(std::optional<std::string_view> value, std::string& out);
  // The value as it is written: none when it has no form and is to be left out.
  std::optional<std::string_view> Written(std::optional<std::string_view> value);
  void AppendCsv(const sdk::DeliveryBatch& batch, const sdk::DeliveryBatch::Record& record);
  void AppendJson(const sdk::DeliveryBatch& batch, const sdk::DeliveryBatch::Record& record);

  const bool json_;
  const bool changes_;
  const std::vector<std::string> items_;
  std::vector<std::string> json_names_;  // ,"name":
  std::optional<std::string> head_;
  TextEncoder encoder_;
  const Encoding encoding_;
  bool leaves_out_ = false;  // what has no form in the encoding
  std::string line_, ignored_;
};

}  // namespace datong::file
