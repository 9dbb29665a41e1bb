// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/yaml_map_reader.h"

#include <algorithm>

#include "exchange_core/catalog/nearest_name.h"

namespace datong::catalog {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::string Found(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kText) return std::string(KindInWords(node.kind));
  return node.plain ? "'" + node.text + "'" : "the quoted text \"" + node.text + "\"";
}

}  // namespace

YamlMapReader::YamlMapReader(const YamlNode& node, std::string_view what, std::initializer_list<std::string_view> keys,
                             Findings& findings)
    : node_(node), what_(what), findings_(findings) {
  if (!is_map()) {
    std::string next = "write it as 'key: value' lines";
    if (node.text.find("：") != std::string::npos) next = "write ': ' (half-width colon and a space), not '：'";
    findings_.Add(node.place, "wrong_type", what_ + " must be a map, this is " + Found(node), next);
    return;
  }
  const std::vector<std::string> known(keys.begin(), keys.end());
  for (const YamlKey& key : node.keys) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    findings_.Add(key.place, "unknown_key", what_ + " has no key '" + key.text + "'",
                  DidYouMean(key.text, known, "it may have: " + Joined(known)));
  }
}

void YamlMapReader::WrongType(std::string_view key, const YamlNode& value, std::string_view expected) {
  findings_.Add(
      value.place, "wrong_type",
      "'" + std::string(key) + "' of " + what_ + " must be " + std::string(expected) + ", this is " + Found(value));
}

const YamlNode* YamlMapReader::Get(std::string_view key, Need need) {
  if (!is_map()) return nullptr;
  const YamlNode* value = node_.Find(key);
  if (value == nullptr && need == Need::kRequired) {
    findings_.Add(node_.place, "missing_key", what_ + " needs the key '" + std::string(key) + "'");
  }
  return value;
}

const YamlNode* YamlMapReader::GetText(std::string_view key, Need need, std::string_view expected) {
  const YamlNode* value = Get(key, need);
  if (value == nullptr || value->kind == YamlNode::Kind::kText) return value;
  WrongType(key, *value, expected);
  return nullptr;
}

std::string YamlMapReader::Text(std::string_view key, Need need) {
  const YamlNode* value = GetText(key, need, "text");
  if (value == nullptr) return {};
  if (value->text.empty() && need == Need::kRequired) {
    findings_.Add(value->place, "bad_value", "'" + std::string(key) + "' of " + what_ + " must not be empty");
  }
  return value->text;
}

std::optional<bool> YamlMapReader::Bool(std::string_view key) {
  const YamlNode* value = Get(key, Need::kOptional);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlNode::Kind::kText && value->plain && (value->text == "true" || value->text == "false")) {
    return value->text == "true";
  }
  WrongType(key, *value, "true or false");
  return std::nullopt;
}

std::optional<uint32_t> YamlMapReader::Count(std::string_view key) {
  const YamlNode* value = Get(key, Need::kOptional);
  if (value == nullptr) return std::nullopt;
  const std::string& text = value->text;
  const bool digits = value->kind == YamlNode::Kind::kText && value->plain && !text.empty() &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || (text.size() > 1 && text[0] == '0') || text.size() > 9) {
    WrongType(key, *value, "a whole number in plain decimal (no sign, no leading zero, at most 999999999)");
    return std::nullopt;
  }
  return static_cast<uint32_t>(std::stoul(text));
}

std::optional<size_t> YamlMapReader::Choice(std::string_view key, const std::vector<std::string>& choices, Need need) {
  const YamlNode* value = GetText(key, need, "one of: " + Joined(choices));
  if (value == nullptr) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), value->text);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  findings_.Add(
      value->place, "bad_value",
      "'" + std::string(key) + "' of " + what_ + " must be one of: " + Joined(choices) + "; this is " + Found(*value),
      DidYouMean(value->text, choices, ""));
  return std::nullopt;
}

std::vector<PlacedText> YamlMapReader::Texts(std::string_view key) {
  std::vector<PlacedText> texts;
  const std::vector<YamlNode>* list = List(key, Need::kOptional);
  if (list == nullptr) return texts;
  for (const YamlNode& entry : *list) {
    if (entry.kind == YamlNode::Kind::kText && !entry.text.empty()) {
      texts.push_back({entry.text, entry.place});
    } else {
      findings_.Add(entry.place, "wrong_type",
                    "an entry of '" + std::string(key) + "' of " + what_ + " must be text, this is " + Found(entry));
    }
  }
  return texts;
}

const std::vector<YamlNode>* YamlMapReader::List(std::string_view key, Need need) {
  const YamlNode* value = Get(key, need);
  if (value == nullptr) return nullptr;
  if (value->kind == YamlNode::Kind::kList) return &value->children;
  WrongType(key, *value, "a list");
  return nullptr;
}

}  // namespace datong::catalog
