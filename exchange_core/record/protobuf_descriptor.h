// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exchange_core/record/record_schema.h"

namespace datong::record {

// The protobuf message of a resource, for programs that read records with protobuf's own tools. Derived, never stored:
// the same schema gives the same text and bytes.
//
// Names: an item whose name is an ASCII identifier keeps it in lower_snake; any other, and one whose name would clash
// with an item of smaller field number, is item_<field number>. So a name never changes when items are added. json_name
// is always the department's own name. Every field has presence (proto3 optional): zero, empty and absent differ.
struct ProtobufDescriptor {
  std::string message_name;     // full: datong.resources.<Name>
  std::string proto_text;       // a .proto file, proto3
  std::string file_descriptor;  // the same, a serialized google.protobuf.FileDescriptorProto
};

ProtobufDescriptor DeriveProtobuf(const RecordSchema& schema);

}  // namespace datong::record
