// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/admin/request.h"

namespace datong::admin {

// Reads a request's parameters, which came over a socket as likely as not: nothing is taken for granted. What is wrong
// with them is told by Check(), after everything was asked for. `json` must outlive it.
class Params {
 public:
  explicit Params(const Json& json);

  std::string Required(const std::string& name);
  std::string Text(const std::string& name, std::string otherwise = {});
  std::vector<std::string> Texts(const std::string& name);
  bool Flag(const std::string& name, bool otherwise = false);
  uint64_t Count(const std::string& name, uint64_t otherwise);
  // One of `words`; the first when it is not given.
  std::string Choice(const std::string& name, const std::vector<std::string>& words);

  // kBadValue: a parameter is missing, of a wrong type, or was never asked for.
  absl::Status Check() const;

 private:
  const Json* Find(const std::string& name);
  void Wrong(const std::string& name, std::string_view expected);

  const Json& json_;
  std::set<std::string> asked_;
  std::string wrong_;
};

}  // namespace datong::admin
