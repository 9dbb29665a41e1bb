// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace datong::storage {

// CRC-32C (Castagnoli), the checksum of RocksDB's log records: 0xE3069283 for "123456789".
uint32_t Crc32c(std::string_view bytes);

}  // namespace datong::storage
