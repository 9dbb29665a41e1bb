// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace datong::base {

// Every stored or sent structure starts with these eight bytes: four letters of magic, a format version, two reserved.
// Structures with a layout of their own (record batch, checkpoint) write the same start themselves.
inline constexpr size_t kFrameBytes = 8;

std::string Frame(const char (&magic)[5], uint16_t version, std::string_view body);

// The body. InvalidArgument when the magic differs (`what` names the expected thing for people), Unimplemented when the
// version is not `version`: both name what was found.
absl::StatusOr<std::string_view> Unframe(const char (&magic)[5], uint16_t version, std::string_view what,
                                         std::string_view bytes);

}  // namespace datong::base
