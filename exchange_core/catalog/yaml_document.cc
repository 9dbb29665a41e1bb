// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "exchange_core/base/check.h"
#include "exchange_core/catalog/yaml_text.h"

namespace datong::catalog {
namespace {

constexpr size_t kKeysMax = 1000;  // of one map: far above any use, low enough for looking through them one by one

// Builds the tree from the parser's events rather than from its nodes, which forget duplicate keys and quotes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlText& text, Findings& findings) : text_(text), findings_(findings) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    YamlNode node;
    node.place = PlaceOfNull(mark);
    Take(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "an alias (*)", "write the value out");
    YamlNode node;
    node.place = text_.PlaceOf(Byte(mark));
    Take(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::kText;
    node.place = text_.PlaceOfScalar(Byte(mark));
    node.text = value;
    node.plain = tag == "?";
    Take(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapEnd() override { End(); }

 private:
  struct Open {
    YamlNode node;
    YamlKey key;  // of a map: the key whose value comes next
    bool key_pending = false;
  };

  size_t Byte(const YAML::Mark& mark) const {
    // The parser's column counts bytes within the line.
    return text_.LineBegin(static_cast<size_t>(std::max(mark.line, 0))) + static_cast<size_t>(std::max(mark.column, 0));
  }

  // The parser places a null that is not written at the next token, which may be lines below: the key is the better
  // place.
  Place PlaceOfNull(const YAML::Mark& mark) const {
    if (!open_.empty() && open_.back().key_pending) return open_.back().key.place;
    return text_.PlaceOf(Byte(mark));
  }

  void Refuse(const YAML::Mark& mark, const std::string& what, std::string next) {
    findings_.Add(text_.PlaceOf(Byte(mark)), "unsupported_yaml", what + " is not allowed in a catalog",
                  std::move(next));
  }
  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) Refuse(mark, "an anchor (&)", "write the value out where it is used");
  }
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      Refuse(mark, "a tag (!)", "types follow from the keys: remove the tag");
  }

  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Open open;
    open.node.kind = kind;
    open.node.place = text_.PlaceOf(Byte(mark));
    open_.push_back(std::move(open));
  }

  void End() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Take(std::move(node));
  }

  // Puts a finished node where it belongs: root, list entry, key or value.
  void Take(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.key_pending) {
      if (node.kind != YamlNode::Kind::kText) {
        findings_.Add(node.place, "wrong_type", "a key must be text, this is " + std::string(KindInWords(node.kind)));
      }
      parent.key = {std::move(node.text), node.place};
      parent.key_pending = true;
    } else {
      parent.key_pending = false;
      AddEntry(parent.node, std::move(parent.key), std::move(node));
    }
  }

  void AddEntry(YamlNode& map, YamlKey key, YamlNode value) {
    if (map.keys.size() >= kKeysMax) {
      if (!too_large_reported_)
        findings_.Add(key.place, "too_large", "more than " + std::to_string(kKeysMax) + " keys in one map");
      too_large_reported_ = true;
      return;
    }
    for (const YamlKey& earlier : map.keys) {
      if (earlier.text != key.text) continue;
      findings_.Add(key.place, "duplicate_key", "key '" + key.text + "' stands here a second time",
                    "keep one (the first is in line " + std::to_string(earlier.place.line) + ")");
      return;
    }
    map.keys.push_back(std::move(key));
    map.children.push_back(std::move(value));
  }

  const YamlText& text_;
  Findings& findings_;
  std::vector<Open> open_;
  YamlNode root_;
  bool too_large_reported_ = false;
};

// The parser's own words, with a full stop's worth of help for the commonest slip of Chinese keyboards.
void AddSyntaxFinding(const YamlText& text, const YAML::Mark& mark, const std::string& message, Findings& findings) {
  const size_t line = static_cast<size_t>(std::max(mark.line, 0));
  const size_t byte = text.LineBegin(line) + static_cast<size_t>(std::max(mark.column, 0));
  std::string next;
  if (text.LineAt(line).find("：") != std::string_view::npos)
    next = "write ': ' (half-width colon and a space), not '：'";
  findings.Add(text.PlaceOf(byte), "yaml_syntax", "not valid YAML: " + message, next);
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &children[i];
  }
  return nullptr;
}

Place YamlNode::At(std::string_view key) const {
  const YamlNode* value = Find(key);
  return value == nullptr ? place : value->place;
}

Place YamlNode::AtKey(std::string_view key) const {
  for (const YamlKey& candidate : keys) {
    if (candidate.text == key) return candidate.place;
  }
  return place;
}

std::string_view KindInWords(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  DATONG_CHECK(false && "every kind has words");
}

std::optional<YamlNode> ParseYaml(std::string_view bytes, Findings& findings) {
  const YamlText text(bytes);
  if (!text.Check(findings)) return std::nullopt;
  std::istringstream stream{std::string(text.text())};
  TreeBuilder builder(text, findings);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      findings.Add({1, 1, 1}, "empty_document", "the file names nothing", "see docs/catalog.md for what it may hold");
      return std::nullopt;
    }
    YamlNode root = builder.TakeRoot();
    TreeBuilder further(text, findings);
    if (parser.HandleNextDocument(further)) {
      findings.Add(further.TakeRoot().place, "unsupported_yaml",
                   "a second document in one file is not allowed in a catalog",
                   "remove the line '---' or make a second file");
      return std::nullopt;
    }
    return root;
  } catch (const YAML::Exception& problem) {
    AddSyntaxFinding(text, problem.mark, problem.msg, findings);
    return std::nullopt;
  }
}

}  // namespace datong::catalog
