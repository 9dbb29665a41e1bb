// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/protobuf_descriptor.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/descriptor.pb.h>

#include <vector>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/record/printable.h"

namespace datong::record {
namespace {

using google::protobuf::FieldDescriptorProto;

constexpr char kPackage[] = "datong.resources";

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

bool IsIdentifier(std::string_view name) {
  if (name.empty() || !(IsLower(name[0]) || IsUpper(name[0]))) return false;
  for (const char c : name) {
    if (!IsLower(c) && !IsUpper(c) && !IsDigit(c) && c != '_') return false;
  }
  return true;
}

// CompanyName, companyName, COMPANY_NAME -> company_name; HTTPPort -> http_port.
std::string LowerSnake(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool after_word = i > 0 && (IsLower(name[i - 1]) || IsDigit(name[i - 1]));
    const bool before_word = i > 0 && IsUpper(name[i - 1]) && i + 1 < name.size() && IsLower(name[i + 1]);
    if (IsUpper(name[i]) && (after_word || before_word)) snake.push_back('_');
    snake.push_back(ToLower(name[i]));
  }
  return snake;
}

// What two names must not share: protobuf's own JSON form drops underscores and case differs by language.
std::string WithoutUnderscores(std::string_view name) {
  std::string bare;
  for (const char c : name) {
    if (c != '_') bare.push_back(ToLower(c));
  }
  return bare;
}

// item5, Item_5: kept free for items that have no name of their own.
bool IsNumbered(std::string_view bare) {
  if (bare.substr(0, 4) != "item" || bare.size() == 4) return false;
  for (const char c : bare.substr(4)) {
    if (!IsDigit(c)) return false;
  }
  return true;
}

std::vector<std::string> FieldNames(const RecordSchema& schema) {
  std::vector<std::string> names;
  absl::flat_hash_set<std::string> taken;
  for (const Item& item : schema.items) {  // in ascending field number: the older item keeps a contested name
    const std::string bare = WithoutUnderscores(item.name);
    const bool kept = IsIdentifier(item.name) && !IsNumbered(bare) && taken.insert(bare).second;
    names.push_back(kept ? LowerSnake(item.name) : absl::StrCat("item_", item.field_number));
  }
  return names;
}

// "uk-companies" -> UkCompanies. A code that ASCII words cannot tell is named by the resource's number.
std::string MessageName(const RecordSchema& schema) {
  std::string name;
  bool word_starts = true;
  for (const char c : schema.resource) {
    if (IsLower(c) || IsUpper(c) || IsDigit(c)) {
      name.push_back(word_starts ? ToUpper(c) : c);
      word_starts = false;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      word_starts = true;
    } else {
      return absl::StrCat("Resource", schema.resource_id);
    }
  }
  if (name.empty()) return absl::StrCat("Resource", schema.resource_id);
  if (IsDigit(name[0])) return absl::StrCat("Resource", name);
  return name;
}

FieldDescriptorProto::Type TypeOf(ItemType type) {
  switch (type) {
    case ItemType::kString:
    case ItemType::kDecimal:
      return FieldDescriptorProto::TYPE_STRING;
    case ItemType::kBytes:
      return FieldDescriptorProto::TYPE_BYTES;
    case ItemType::kDouble:
      return FieldDescriptorProto::TYPE_DOUBLE;
    case ItemType::kBool:
      return FieldDescriptorProto::TYPE_BOOL;
    case ItemType::kInt64:
    case ItemType::kDate:
    case ItemType::kTimestamp:
      break;
  }
  return FieldDescriptorProto::TYPE_SINT64;
}

const char* TypeText(ItemType type) {
  switch (TypeOf(type)) {
    case FieldDescriptorProto::TYPE_STRING:
      return "string";
    case FieldDescriptorProto::TYPE_BYTES:
      return "bytes";
    case FieldDescriptorProto::TYPE_DOUBLE:
      return "double";
    case FieldDescriptorProto::TYPE_BOOL:
      return "bool";
    default:
      return "sint64";
  }
}

const char* Note(ItemType type) {
  switch (type) {
    case ItemType::kDate:
      return " (date: days since 1970-01-01)";
    case ItemType::kTimestamp:
      return " (timestamp: microseconds since 1970-01-01T00:00:00Z)";
    case ItemType::kDecimal:
      return " (decimal number)";
    default:
      return "";
  }
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {  // three octal digits: no following digit can join them
      quoted += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
                 static_cast<char>('0' + (byte & 7))};
    } else {
      if (c == '"' || c == '\\') quoted.push_back('\\');
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

std::string FileDescriptor(const RecordSchema& schema, const std::string& message_name,
                           const std::vector<std::string>& names) {
  google::protobuf::FileDescriptorProto file;
  file.set_name(absl::StrCat("datong/resources/", LowerSnake(message_name), ".proto"));
  file.set_package(kPackage);
  file.set_syntax("proto3");
  google::protobuf::DescriptorProto* message = file.add_message_type();
  message->set_name(message_name);
  for (size_t i = 0; i < names.size(); ++i) {
    FieldDescriptorProto* field = message->add_field();
    field->set_name(names[i]);
    field->set_json_name(schema.items[i].name);
    field->set_number(static_cast<int32_t>(schema.items[i].field_number));
    field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(TypeOf(schema.items[i].type));
    // How descriptors spell `optional` in proto3: a oneof of one member.
    field->set_proto3_optional(true);
    field->set_oneof_index(static_cast<int32_t>(i));
    message->add_oneof_decl()->set_name(absl::StrCat("_", names[i]));
  }
  std::string bytes;
  DATONG_CHECK(file.SerializeToString(&bytes));
  return bytes;
}

}  // namespace

ProtobufDescriptor DeriveProtobuf(const RecordSchema& schema) {
  const std::string name = MessageName(schema);
  const std::vector<std::string> names = FieldNames(schema);
  ProtobufDescriptor derived;
  derived.message_name = absl::StrCat(kPackage, ".", name);
  derived.file_descriptor = FileDescriptor(schema, name, names);

  std::string& text = derived.proto_text;
  text = absl::StrCat("// Derived from the catalog: resource ", Printable(schema.resource, schema.resource.size()),
                      ", schema version ", schema.version, ". Do not edit.\n");
  absl::StrAppend(&text, "syntax = \"proto3\";\npackage ", kPackage, ";\n\nmessage ", name, " {\n");
  for (size_t i = 0; i < names.size(); ++i) {
    const Item& item = schema.items[i];
    absl::StrAppend(&text, "  // ", Printable(item.name, item.name.size()), Note(item.type), "\n");
    absl::StrAppend(&text, "  optional ", TypeText(item.type), " ", names[i], " = ", item.field_number,
                    " [json_name = ", Quoted(item.name), "];\n");
  }
  text += "}\n";
  return derived;
}

}  // namespace datong::record
