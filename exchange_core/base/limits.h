// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// Every bound that protects the exchange from what it reads, in one place, with the relations between them proved.
namespace datong::base {

inline constexpr size_t kRecordBytesMax = size_t{4} << 20;         // one record's payload
inline constexpr size_t kBatchBytesMax = size_t{8} << 20;          // one encoded batch
inline constexpr size_t kBatchPayloadBytesMax = size_t{64} << 20;  // its payload after decompression
inline constexpr uint32_t kBatchRecordsMax = 1u << 20;
inline constexpr uint32_t kBatchFilesMax = 4096;  // source files named by one batch
inline constexpr uint32_t kNameBytesMax = 4096;   // any name or path in a header
inline constexpr uint32_t kItemsMax = 1024;       // items of a resource
inline constexpr uint32_t kLanesMax = 64;
inline constexpr uint32_t kLanesDefault = 4;
inline constexpr uint32_t kPartitionsMax = 1024;

static_assert(kRecordBytesMax <= kBatchBytesMax);
static_assert(kBatchBytesMax <= kBatchPayloadBytesMax);

}  // namespace datong::base
