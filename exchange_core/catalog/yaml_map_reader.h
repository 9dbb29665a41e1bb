// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/catalog/yaml_document.h"

namespace datong::catalog {

struct PlacedText {
  std::string text;
  Place place;
};

enum class Need : uint8_t { kOptional, kRequired };

// Reads one map by its keys, strictly: a node that is no map, an unknown key, a missing one and a value of another type
// become findings, and reading goes on with a default. `node` and `findings` must outlive it.
class YamlMapReader {
 public:
  // `what` names the thing for messages, with its article: "a resource".
  YamlMapReader(const YamlNode& node, std::string_view what, std::initializer_list<std::string_view> keys,
                Findings& findings);

  bool is_map() const { return node_.kind == YamlNode::Kind::kMap; }
  bool has(std::string_view key) const { return node_.Find(key) != nullptr; }

  std::string Text(std::string_view key, Need need);  // required: not empty
  std::optional<bool> Bool(std::string_view key);
  std::optional<uint32_t> Count(std::string_view key);
  // The index in `choices`.
  std::optional<size_t> Choice(std::string_view key, const std::vector<std::string>& choices, Need need);
  std::vector<PlacedText> Texts(std::string_view key);                 // a list of text
  const std::vector<YamlNode>* List(std::string_view key, Need need);  // nullptr when absent or no list

 private:
  const YamlNode* Get(std::string_view key, Need need);
  const YamlNode* GetText(std::string_view key, Need need, std::string_view expected);
  void WrongType(std::string_view key, const YamlNode& value, std::string_view expected);

  const YamlNode& node_;
  const std::string what_;
  Findings& findings_;
};

}  // namespace datong::catalog
