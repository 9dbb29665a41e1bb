// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace datong::kafka {

// One message of the exchange as one Kafka record: the key and the body are the record's key and value, byte for byte,
// so that a foreign reader needs nothing of ours to get at them. The envelope stands in one record header:
//
//     header "datong.envelope":   'D' 'T' 'K' 'E'   version (1 byte, 1)   the envelope's bytes
//
// A record without that header, or with a header of other content under that name (an unknown version, or more than an
// envelope may have), is a foreign program's: its envelope is empty, and whoever reads it judges it by that. It must
// not stop a reader: anybody who may write to a topic can make one.
inline constexpr char kEnvelopeHeader[] = "datong.envelope";

std::string EncodeEnvelope(std::string_view envelope);
std::string DecodeEnvelope(std::string_view header_value);

}  // namespace datong::kafka
