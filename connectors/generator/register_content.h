// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/generator/csv_file.h"

namespace datong::generator {

enum class Register { kCompanies, kCertificates, kDivisions };

// How the rows of a register look.
struct RegisterShape {
  std::string_view name;  // "companies"; also its folder and the beginning of its file names
  bool events = false;    // facts that happened once, else the present state of objects
  std::vector<std::string> columns;
  size_t key_column = 0;          // names the object or event; a row without it is useless
  size_t date_column = SIZE_MAX;  // SIZE_MAX: none
  CsvStyle style;
};
const RegisterShape& ShapeOf(Register which);

inline constexpr uint64_t kDivisionsInAll = 31 * (1 + 10 * (1 + 9));  // provinces, cities, counties

// Row `number` of a register as it stands after `revision` changes (0: as first seen), in the order of the shape's
// columns. A pure function. Different numbers have different keys; neighbouring revisions differ in some value other
// than the key. `spelling` chooses how dates are written; it never changes what the row says. `companies`: how many
// there are; certificates are issued to them. Numbers: companies below kSocialCreditCodesMax, divisions below
// kDivisionsInAll.
struct RowPlace {
  uint64_t seed = 0;
  uint64_t number = 0;
  uint32_t revision = 0;
  uint64_t spelling = 0;
  uint64_t companies = 1;
};
void FillRow(Register which, const RowPlace& place, std::vector<std::string>& values);

// A number that depends on all of its inputs and on nothing else.
uint64_t Mixed(uint64_t seed, uint64_t first, uint64_t second, uint64_t third = 0);

}  // namespace datong::generator
