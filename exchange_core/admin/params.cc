// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/params.h"

#include <algorithm>

#include "exchange_core/admin/problem.h"

namespace datong::admin {

Params::Params(const Json& json) : json_(json) {
  if (!json_.is_object()) wrong_ = "the parameters are not an object";
}

const Json* Params::Find(const std::string& name) {
  asked_.insert(name);
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(name);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void Params::Wrong(const std::string& name, std::string_view expected) {
  if (wrong_.empty()) wrong_ = "'" + name + "' must be " + std::string(expected);
}

std::string Params::Required(const std::string& name) {
  const Json* value = Find(name);
  if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().empty()) {
    Wrong(name, "given, as text");
    return {};
  }
  return value->get<std::string>();
}

std::string Params::Text(const std::string& name, std::string otherwise) {
  const Json* value = Find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) {
    Wrong(name, "text");
    return otherwise;
  }
  return value->get<std::string>();
}

std::vector<std::string> Params::Texts(const std::string& name) {
  std::vector<std::string> texts;
  const Json* value = Find(name);
  if (value == nullptr) return texts;
  const bool sound =
      value->is_array() && std::all_of(value->begin(), value->end(), [](const Json& one) { return one.is_string(); });
  if (!sound) {
    Wrong(name, "a list of text");
    return texts;
  }
  for (const Json& one : *value) texts.push_back(one.get<std::string>());
  return texts;
}

bool Params::Flag(const std::string& name, bool otherwise) {
  const Json* value = Find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) {
    Wrong(name, "true or false");
    return otherwise;
  }
  return value->get<bool>();
}

uint64_t Params::Count(const std::string& name, uint64_t otherwise) {
  const Json* value = Find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned()) {
    Wrong(name, "a whole number, not negative");
    return otherwise;
  }
  return value->get<uint64_t>();
}

std::string Params::Choice(const std::string& name, const std::vector<std::string>& words) {
  const std::string word = Text(name, words.front());
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  std::string all;
  for (const std::string& one : words) all += (all.empty() ? "" : ", ") + one;
  Wrong(name, "one of " + all);
  return words.front();
}

absl::Status Params::Check() const {
  std::string wrong = wrong_;
  if (wrong.empty()) {
    for (const auto& member : json_.items()) {
      if (!asked_.contains(member.key())) wrong = "there is no parameter '" + member.key() + "'";
    }
  }
  if (wrong.empty()) return absl::OkStatus();
  return ToStatus({.code = Code::kBadValue, .what = wrong, .next = "compare with docs/commands.md"});
}

}  // namespace datong::admin
