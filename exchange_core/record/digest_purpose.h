// SPDX-License-Identifier: Apache-2.0
#pragma once

// The byte before everything that is digested for a record, so that digests of different purpose never meet. Stored for
// ever in effect: changing one changes every id.
namespace datong::record {

inline constexpr char kIdPurpose = 1;
inline constexpr char kKeyPurpose = 2;
inline constexpr char kContentPurpose = 3;
inline constexpr char kUnreadablePurpose = 4;
inline constexpr char kFoldedKeyPurpose = 5;
inline constexpr char kSubscriptionPurpose = 6;

}  // namespace datong::record
