// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange_core/record/record_batch.h"

// Compression of a batch's payload as one block. Contexts are kept per thread; any thread may call. An empty payload is
// stored as no bytes under every codec.
namespace datong::record {

// Appends the compressed form to `out`. Internal only when the library reports an error of its own.
absl::Status CompressPayload(Codec codec, std::string_view payload, std::string& out);

// Replaces `into` by the payload, which must have exactly `payload_bytes` (the caller has held it against the limits).
// DataLoss otherwise; claims that the stored bytes cannot fulfil are refused before memory is taken.
absl::Status DecompressPayload(Codec codec, std::string_view stored, uint32_t payload_bytes, std::string& into);
// The same, of a payload of which the first `front_bytes` are wanted (at most payload_bytes): what is behind may be
// left out, and is not verified then.
absl::Status DecompressPayloadFront(Codec codec, std::string_view stored, uint32_t payload_bytes, uint32_t front_bytes,
                                    std::string& into);

}  // namespace datong::record
