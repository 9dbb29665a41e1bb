// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/catalog/finding.h"

// YAML as a catalog may use it: one document of maps, lists and text, every node with its place. Less than YAML on
// purpose: no anchors, aliases, tags, merge keys or further documents, and nothing is guessed: `0123` and `no` are
// text, an integer is written in plain decimal, a boolean is exactly `true` or `false`.
namespace datong::catalog {

struct YamlKey {
  std::string text;
  Place place;
};

struct YamlNode {
  enum class Kind : uint8_t { kNull, kText, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;           // of a text: as it is, quotes and escapes resolved
  bool plain = false;         // of a text: written without quotes
  std::vector<YamlKey> keys;  // of a map: keys[i] belongs to children[i]; none twice
  std::vector<YamlNode> children;

  const YamlNode* Find(std::string_view key) const;  // of a map; nullptr when absent
  // Of the key's value (the key itself where the value has no place of its own), or of this node when the key is
  // absent.
  Place At(std::string_view key) const;
  Place AtKey(std::string_view key) const;
};

// "a list", "a map", "text", "nothing": for messages.
std::string_view KindInWords(YamlNode::Kind kind);

// nullopt when the text is no such document; what is wrong is in `findings` (never empty then). Duplicate keys are
// findings too, but the tree is still given (the first one counts), so that the rest can be checked as well.
std::optional<YamlNode> ParseYaml(std::string_view text, Findings& findings);

}  // namespace datong::catalog
