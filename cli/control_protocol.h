// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "exchange_core/admin/request.h"

// What goes over the control socket: one line with a request, then lines with the answer, each a JSON object.
//   -> {"protocol":1,"method":"files","params":{}}
//   <- {"row":{...}}         any number
//   <- {"progress":{...}}    any number; may be ignored
//   <- {"result":{...}}      the last line, or
//   <- {"error":{"code","message","where","why","next"}}
// Closing the connection withdraws the question.
namespace datong::cli {

inline constexpr int kControlProtocol = 1;
inline constexpr size_t kRequestBytesMax = size_t{8} << 20;

std::string RequestLine(const admin::Request& request);  // with LF
absl::StatusOr<admin::Request> ParseRequest(
    std::string_view line);  // a problem when it is none, or of another protocol

std::string RowLine(const admin::Json& row);
std::string ProgressLineOf(const admin::Json& progress);
std::string ResultLine(const absl::StatusOr<admin::Json>& result);  // result or error

}  // namespace datong::cli
