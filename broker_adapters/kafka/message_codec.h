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

// Two more headers, both without a value, in what was carried over from another engine (log_copy.h):
//  - on a message that was written outside of a transaction, so that no mark of one follows it;
//  - on a record without key and value that is no message at all: it takes up an offset that no message has.
inline constexpr char kCopiedHeader[] = "datong.copied";
inline constexpr char kFillerHeader[] = "datong.filler";

std::string EncodeEnvelope(std::string_view envelope);
std::string DecodeEnvelope(std::string_view header_value);

}  // namespace datong::kafka
