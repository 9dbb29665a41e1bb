// SPDX-License-Identifier: Apache-2.0
// Our wire walker and protobuf's own parser agree: on what is a message, on every known value, and on every field that
// the schema doesn't name. Where they differ on purpose is written down here (Strictness).
//
// Input: the bytes as they are; and as a script that writes a message of the schema by protobuf's own means.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>

#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/utf8.h"
#include "exchange_core/record/projection.h"
#include "exchange_core/record/protobuf_descriptor.h"
#include "exchange_core/record/value_text.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

namespace pb = google::protobuf;
using record::WireWalker;

// One item of each type, numbers of one and of two bytes of tag.
const record::RecordSchema& Schema() {
  static const auto& schema = *[] {
    auto* made = new record::RecordSchema;
    made->resource = "every-type";
    made->resource_id = 1;
    made->version = 1;
    for (uint32_t i = 1; i <= 16; ++i) {
      record::Item item;
      item.name = "field_of_type_" + std::to_string(i);
      item.field_number = i <= 8 ? i : 100 * i;
      item.type = static_cast<record::ItemType>((i - 1) % 8 + 1);
      item.empty_is_value = true;
      made->items.push_back(item);
    }
    return made;
  }();
  return schema;
}

// The message that protobuf's own tools use for this schema.
class Peer {
 public:
  Peer() {
    const record::ProtobufDescriptor derived = record::DeriveProtobuf(Schema());
    pb::FileDescriptorProto file;
    DATONG_CHECK(file.ParseFromString(derived.file_descriptor) && pool_.BuildFile(file) != nullptr);
    descriptor_ = pool_.FindMessageTypeByName(derived.message_name);
    DATONG_CHECK(descriptor_ != nullptr);
  }
  std::unique_ptr<pb::Message> NewMessage() {
    return std::unique_ptr<pb::Message>(factory_.GetPrototype(descriptor_)->New());
  }
  const pb::FieldDescriptor* FieldOf(uint32_t number) const {
    return descriptor_->FindFieldByNumber(static_cast<int>(number));
  }

 private:
  pb::LogSilencer silence_;  // of text that is not UTF-8
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::Descriptor* descriptor_ = nullptr;
};

Peer& Protobuf() {
  static auto* const peer = new Peer;
  return *peer;
}

const record::Item* ItemOf(uint32_t field_number) {
  const int index = Schema().IndexOfField(field_number);
  return index < 0 ? nullptr : &Schema().items[static_cast<size_t>(index)];
}

bool IsText(const record::Item& item) {
  return item.type == record::ItemType::kString || item.type == record::ItemType::kDecimal;
}

// By design the walker
//  - refuses groups: they left the language with proto3, and no field of a group could be projected by its number;
//  - refuses varints of more than 64 bits and tags of more than 32, whose surplus bits protobuf drops: two readers that
//    drop and don't drop would see different fields, and a field outside a view could hide in one;
//  - takes a string that is not UTF-8: it judges framing, and its value has no text (FieldAsText).
// So what protobuf takes may be refused by the walker for the first two reasons only, and what the walker takes may be
// refused by protobuf for the third only.
struct Strictness {
  bool group = false;     // a group's tag was met where the walker stopped
  bool too_wide = false;  // a number with surplus bits was
  bool not_utf8 = false;
};

// Reads a varint as protobuf would, surplus bits dropped; true when there were any.
bool HasSurplusBits(std::string_view bytes, unsigned bits) {
  unsigned shift = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (shift + 7 > bits && ((byte & 0x7f) >> (bits > shift ? bits - shift : 0)) != 0) return true;
    if (byte < 0x80) return false;
    shift += 7;
    if (shift >= 70) return true;
  }
  return false;
}

// Why the walker may have stopped at `rest`, the first field it did not take.
Strictness WhyRefused(std::string_view rest) {
  Strictness why;
  why.too_wide = HasSurplusBits(rest, 32);
  const uint8_t wire_type = static_cast<uint8_t>(rest.front()) & 7;
  why.group = wire_type == 3 || wire_type == 4;
  if (wire_type == 0) {
    size_t at = 0;
    while (at < rest.size() && (static_cast<uint8_t>(rest[at]) & 0x80) != 0) ++at;
    if (at < rest.size()) why.too_wide |= HasSurplusBits(rest.substr(at + 1), 64);
  }
  return why;
}

struct Field {
  uint32_t number = 0;
  WireWalker::WireType type = WireWalker::WireType::kVarint;
  uint64_t value = 0;
  std::string_view bytes;
};

void CheckKnown(const record::Item& item, const Field* last, const pb::Message& message, std::string_view input) {
  const pb::Reflection& reflection = *message.GetReflection();
  const pb::FieldDescriptor* field = Protobuf().FieldOf(item.field_number);
  DATONG_CHECK(reflection.HasField(message, field) == (last != nullptr));
  const auto text = record::FieldAsText(item, input);
  if (last == nullptr) {
    DATONG_CHECK(!text);
    return;
  }
  std::string scratch;
  const uint64_t number = record::NumberFromWire(item.type, last->value);
  DATONG_CHECK(text == record::ValueText(item.type, number, last->bytes, scratch));
  switch (field->type()) {
    case pb::FieldDescriptor::TYPE_STRING:
    case pb::FieldDescriptor::TYPE_BYTES:
      DATONG_CHECK(reflection.GetString(message, field) == last->bytes);
      break;
    case pb::FieldDescriptor::TYPE_DOUBLE:
      DATONG_CHECK(std::bit_cast<uint64_t>(reflection.GetDouble(message, field)) == number);
      break;
    case pb::FieldDescriptor::TYPE_BOOL:
      // A bool is any number to protobuf; ours has text for 0 and 1 only.
      DATONG_CHECK(reflection.GetBool(message, field) == (number != 0) && text.has_value() == (number <= 1));
      break;
    default:
      DATONG_CHECK(reflection.GetInt64(message, field) == static_cast<int64_t>(number));
  }
}

void CheckUnknown(const std::vector<Field>& unknown, const pb::UnknownFieldSet& set) {
  DATONG_CHECK(static_cast<size_t>(set.field_count()) == unknown.size());
  for (size_t i = 0; i < unknown.size(); ++i) {
    const pb::UnknownField& theirs = set.field(static_cast<int>(i));
    const Field& ours = unknown[i];
    DATONG_CHECK(static_cast<uint32_t>(theirs.number()) == ours.number);
    switch (theirs.type()) {
      case pb::UnknownField::TYPE_VARINT:
        DATONG_CHECK(ours.type == WireWalker::WireType::kVarint && theirs.varint() == ours.value);
        break;
      case pb::UnknownField::TYPE_FIXED64:
        DATONG_CHECK(ours.type == WireWalker::WireType::kFixed64 && theirs.fixed64() == ours.value);
        break;
      case pb::UnknownField::TYPE_FIXED32:
        DATONG_CHECK(ours.type == WireWalker::WireType::kFixed32 && theirs.fixed32() == ours.value);
        break;
      case pb::UnknownField::TYPE_LENGTH_DELIMITED:
        DATONG_CHECK(ours.type == WireWalker::WireType::kBytes && theirs.length_delimited() == ours.bytes);
        break;
      case pb::UnknownField::TYPE_GROUP:
        DATONG_CHECK(false && "the walker takes no group");
    }
  }
}

// True when both take it.
bool Compare(std::string_view input) {
  std::vector<Field> last(Schema().items.size()), unknown;
  Strictness strict;
  size_t taken = 0;
  WireWalker walk(input);
  while (walk.Next()) {
    taken += walk.whole().size();
    const Field field = {walk.field_number(), walk.wire_type(), walk.number(), walk.bytes()};
    const record::Item* item = ItemOf(field.number);
    if (item != nullptr && record::WireTypeOf(item->type) == field.type) {
      last[static_cast<size_t>(item - Schema().items.data())] = field;
      if (IsText(*item) && !base::IsValidUtf8(field.bytes)) strict.not_utf8 = true;
    } else {
      unknown.push_back(field);
    }
  }
  const std::unique_ptr<pb::Message> message = Protobuf().NewMessage();
  const bool theirs = message->ParseFromArray(input.data(), static_cast<int>(input.size()));
  if (!walk.ok()) {
    DATONG_CHECK(taken < input.size());
    const Strictness why = WhyRefused(input.substr(taken));
    DATONG_CHECK(!theirs || why.group || why.too_wide);
    return false;
  }
  DATONG_CHECK(taken == input.size());
  DATONG_CHECK(theirs == !strict.not_utf8);
  if (!theirs) return false;

  for (size_t i = 0; i < last.size(); ++i) {
    CheckKnown(Schema().items[i], last[i].number == 0 ? nullptr : &last[i], *message, input);
  }
  CheckUnknown(unknown, message->GetReflection()->GetUnknownFields(*message));
  return true;
}

std::string Written(InputReader script) {
  const std::unique_ptr<pb::Message> message = Protobuf().NewMessage();
  const pb::Reflection& reflection = *message->GetReflection();
  std::string bytes;
  while (!script.empty()) {
    const uint8_t step = script.Byte();
    const std::string_view piece = script.Piece();
    uint64_t number = 0;
    for (const char c : piece.substr(0, 8)) number = number << 8 | static_cast<uint8_t>(c);
    const record::Item& item = Schema().items[step % Schema().items.size()];
    const pb::FieldDescriptor* field = Protobuf().FieldOf(item.field_number);
    switch (field->type()) {
      case pb::FieldDescriptor::TYPE_STRING:
        reflection.SetString(message.get(), field, base::IsValidUtf8(piece) ? std::string(piece) : "不是");
        break;
      case pb::FieldDescriptor::TYPE_BYTES:
        reflection.SetString(message.get(), field, std::string(piece));
        break;
      case pb::FieldDescriptor::TYPE_DOUBLE:
        reflection.SetDouble(message.get(), field, std::bit_cast<double>(number));
        break;
      case pb::FieldDescriptor::TYPE_BOOL:
        reflection.SetBool(message.get(), field, (number & 1) != 0);
        break;
      default:
        reflection.SetInt64(message.get(), field, static_cast<int64_t>(number));
    }
    pb::UnknownFieldSet* unknown = reflection.MutableUnknownFields(message.get());
    if ((step & 0x10) != 0) unknown->AddVarint(20 + step, number);
    if ((step & 0x20) != 0) unknown->AddLengthDelimited(500 + step, std::string(piece));
    if ((step & 0x40) != 0) unknown->AddFixed32(1 << 20, static_cast<uint32_t>(number));
    // Messages one behind another are their merge: fields come twice and in any order.
    if ((step & 0x80) != 0) DATONG_CHECK(message->AppendToString(&bytes));
  }
  DATONG_CHECK(message->AppendToString(&bytes));
  return bytes;
}

}  // namespace

void FuzzWireAgainstProtobuf(std::string_view input) {
  Compare(input);
  DATONG_CHECK(Compare(Written(InputReader(input))));
}

}  // namespace datong::fuzz
