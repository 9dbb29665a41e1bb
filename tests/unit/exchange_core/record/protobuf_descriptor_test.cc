// SPDX-License-Identifier: Apache-2.0
// The message derived from a schema is what the record writer writes: protobuf's own parser reads every field, and
// fields it does not know survive a batch and a projection that takes everything.
#include "exchange_core/record/protobuf_descriptor.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/projection.h"
#include "exchange_core/record/record_writer.h"
#include "tests/unit/exchange_core/record/record_makers.h"

namespace datong::record {
namespace {

namespace pb = google::protobuf;

class DerivedMessage {
 public:
  explicit DerivedMessage(const RecordSchema& schema) : derived_(DeriveProtobuf(schema)) {
    pb::FileDescriptorProto file;
    REQUIRE(file.ParseFromString(derived_.file_descriptor));
    REQUIRE(pool_.BuildFile(file) != nullptr);
    descriptor_ = pool_.FindMessageTypeByName(derived_.message_name);
    REQUIRE(descriptor_ != nullptr);
  }

  const pb::Descriptor& descriptor() const { return *descriptor_; }
  const ProtobufDescriptor& derived() const { return derived_; }

  std::unique_ptr<pb::Message> Parse(std::string_view record) {
    std::unique_ptr<pb::Message> message(factory_.GetPrototype(descriptor_)->New());
    REQUIRE(message->ParseFromArray(record.data(), static_cast<int>(record.size())));
    return message;
  }

 private:
  ProtobufDescriptor derived_;
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::Descriptor* descriptor_ = nullptr;
};

std::vector<FieldText> CompanyRow() {
  return {"91350100M000100Y43",
          "福建某某有限公司",
          "2015-09-01",
          "1000000.50",
          "-42",
          "是",
          "2024-01-02T03:04:05.678901Z",
          "3.25",
          "c0ffee"};
}

TEST_CASE("protobuf reads a written record field for field") {
  const RecordSchema schema = CompanySchema();
  DerivedMessage derived(schema);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  REQUIRE_FALSE(writer.Append(CompanyRow(), Operation::kUpsert, {}, batch));
  const auto message = derived.Parse(batch.record(0));
  const pb::Reflection& get = *message->GetReflection();
  const auto field = [&](int number) { return derived.descriptor().FindFieldByNumber(number); };
  for (int number = 1; number <= 9; ++number) CHECK(get.HasField(*message, field(number)));
  CHECK(get.GetString(*message, field(1)) == "91350100M000100Y43");
  CHECK(get.GetString(*message, field(2)) == "福建某某有限公司");
  CHECK(get.GetInt64(*message, field(3)) == 16679);
  CHECK(get.GetString(*message, field(4)) == "1000000.5");
  CHECK(get.GetInt64(*message, field(5)) == -42);
  CHECK(get.GetBool(*message, field(6)));
  CHECK(get.GetInt64(*message, field(7)) == 1704164645678901);
  CHECK(get.GetDouble(*message, field(8)) == 3.25);
  CHECK(get.GetString(*message, field(9)) == "\xc0\xff\xee");
  CHECK(get.GetUnknownFields(*message).empty());
  CHECK(message->SerializeAsString() == batch.record(0));
}

TEST_CASE("absent and zero differ") {
  const RecordSchema schema = CompanySchema();
  DerivedMessage derived(schema);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  std::vector<FieldText> values(9);
  values[0] = "k";
  values[4] = "0";
  values[5] = "否";
  REQUIRE_FALSE(writer.Append(values, Operation::kUpsert, {}, batch));
  const auto message = derived.Parse(batch.record(0));
  const pb::Reflection& get = *message->GetReflection();
  CHECK(get.HasField(*message, derived.descriptor().FindFieldByNumber(5)));
  CHECK(get.HasField(*message, derived.descriptor().FindFieldByNumber(6)));
  CHECK_FALSE(get.HasField(*message, derived.descriptor().FindFieldByNumber(8)));
  CHECK(message->SerializeAsString() == batch.record(0));
}

TEST_CASE("fields that the schema does not know survive a batch and a projection") {
  const RecordSchema schema = CompanySchema();
  DerivedMessage derived(schema);
  RecordWriter writer(schema, TestKey());
  RecordBatch batch;
  REQUIRE_FALSE(writer.Append(CompanyRow(), Operation::kUpsert, {}, batch));
  batch.payload += "\xa2\x06\x06newer!\xa8\x06\x7f";  // fields 100 and 101
  batch.columns.payload_end[0] = static_cast<uint32_t>(batch.payload.size());
  RecordBatch arrived;
  REQUIRE(DecodeBatch(*EncodeBatch(batch), arrived).ok());
  std::string projected;
  REQUIRE(Projection::Everything().Apply(arrived.record(0), projected));
  CHECK(projected == batch.payload);
  const auto message = derived.Parse(projected);
  const pb::UnknownFieldSet& unknown = message->GetReflection()->GetUnknownFields(*message);
  REQUIRE(unknown.field_count() == 2);
  CHECK(unknown.field(0).length_delimited() == "newer!");
  CHECK(unknown.field(1).varint() == 127);
}

RecordSchema AwkwardNames() {
  RecordSchema schema;
  schema.resource = "uk-companies.v2";
  schema.resource_id = 31;
  schema.version = 4;
  uint32_t number = 0;
  for (const char* name : {"企业名称", "CompanyName", "company_name", "companyname", "item_5", "item6", "HTTPPort",
                           "REG NO", "_x", "9a", "quote\"back\\slash\nline", "optional", "message", "reg_no2"}) {
    schema.items.push_back(MakeItem(name, ++number, ItemType::kString));
  }
  schema.key_items = {0};
  return schema;
}

TEST_CASE("field names are ASCII, unique and stable") {
  const RecordSchema schema = AwkwardNames();
  DerivedMessage derived(schema);
  std::vector<std::string> names;
  for (int i = 0; i < derived.descriptor().field_count(); ++i) {
    names.push_back(derived.descriptor().field(i)->name());
    CHECK(derived.descriptor().field(i)->json_name() == schema.items[static_cast<size_t>(i)].name);
  }
  CHECK(names == std::vector<std::string>{"item_1", "company_name", "item_3", "item_4", "item_5", "item_6", "http_port",
                                          "item_8", "item_9", "item_10", "item_11", "optional", "message", "reg_no2"});
  CHECK(derived.derived().message_name == "datong.resources.UkCompaniesV2");
  RecordSchema chinese = schema;
  chinese.resource = "企业登记";
  CHECK(DeriveProtobuf(chinese).message_name == "datong.resources.Resource31");
}

// What the protobuf compiler itself makes of a .proto file.
pb::FileDescriptorProto Compiled(const std::string& proto_text) {
  std::string folder = (std::filesystem::temp_directory_path() / "datong_proto_XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/derived.proto") << proto_text;
  const std::string command =
      "protoc -I " + folder + " --descriptor_set_out=" + folder + "/set " + folder + "/derived.proto";
  const int exit_code = std::system(command.c_str());
  std::ifstream file(folder + "/set", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove_all(folder);
  REQUIRE(exit_code == 0);
  pb::FileDescriptorSet set;
  REQUIRE(set.ParseFromString(bytes));
  REQUIRE(set.file_size() == 1);
  return set.file(0);
}

TEST_CASE("the .proto text says the same as the descriptor") {
  for (const RecordSchema& schema : {CompanySchema(), AwkwardNames()}) {
    const ProtobufDescriptor derived = DeriveProtobuf(schema);
    pb::FileDescriptorProto from_text = Compiled(derived.proto_text);
    pb::FileDescriptorProto from_bytes;
    REQUIRE(from_bytes.ParseFromString(derived.file_descriptor));
    from_text.set_name(from_bytes.name());
    CHECK(from_text.DebugString() == from_bytes.DebugString());
    CHECK(DeriveProtobuf(schema).proto_text == derived.proto_text);
    CHECK(derived.proto_text.find("// " + schema.items[0].name) != std::string::npos);
  }
}

}  // namespace
}  // namespace datong::record
