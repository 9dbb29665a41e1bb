// SPDX-License-Identifier: Apache-2.0
#include "cli/control_protocol.h"

#include "exchange_core/admin/problem.h"

namespace datong::cli {
namespace {

std::string Line(const char* name, const admin::Json& value) { return admin::ToLine({{name, value}}) + "\n"; }

absl::Status BadRequest(std::string what) {
  return admin::ToStatus({.code = admin::Code::kBadValue,
                          .what = std::move(what),
                          .next = "use the `datong` of the same version as the process that holds the exchange"});
}

}  // namespace

std::string RequestLine(const admin::Request& request) {
  return admin::ToLine({{"protocol", kControlProtocol}, {"method", request.method}, {"params", request.params}}) + "\n";
}

absl::StatusOr<admin::Request> ParseRequest(std::string_view line) {
  admin::Json json = admin::Json::parse(line, nullptr, false);
  if (!json.is_object()) return BadRequest("the request is not a JSON object");
  const auto protocol = json.find("protocol"), method = json.find("method"), params = json.find("params");
  if (protocol == json.end() || !protocol->is_number_integer() || protocol->get<int64_t>() != kControlProtocol) {
    return BadRequest("the request is not of control protocol " + std::to_string(kControlProtocol));
  }
  if (method == json.end() || !method->is_string()) return BadRequest("the request names no method");
  admin::Request request{method->get<std::string>(), admin::Json::object()};
  if (params != json.end()) request.params = std::move(*params);
  return request;
}

std::string RowLine(const admin::Json& row) { return Line("row", row); }
std::string ProgressLineOf(const admin::Json& progress) { return Line("progress", progress); }

std::string ResultLine(const absl::StatusOr<admin::Json>& result) {
  return result.ok() ? Line("result", *result) : Line("error", admin::ToJson(admin::FromStatus(result.status())));
}

}  // namespace datong::cli
