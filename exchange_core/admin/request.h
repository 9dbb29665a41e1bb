// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

// A question to an exchange and the way its answer takes. The same for a question asked in this process and for one
// that came over the control socket: whoever answers does not know which.
namespace datong::admin {

using Json = nlohmann::ordered_json;  // members keep the order in which they were set: people read them too

// Valid UTF-8 on one line, whatever the values hold (bytes that are no text become U+FFFD).
inline std::string ToLine(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

struct Request {
  std::string method;  // "files", "trace", ...
  Json params = Json::object();
};

// Takes an answer piece by piece. Used by one thread.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void Row(const Json& row) = 0;
  // What a person waiting may like to see; may be dropped.
  virtual void Progress(const Json& progress) = 0;
  // Nobody wants the answer any more: leave soon, with Cancelled.
  virtual bool cancelled() = 0;
  // Waits about so long; false when cancelled meanwhile.
  virtual bool Pause(int64_t milliseconds) = 0;
};

}  // namespace datong::admin
