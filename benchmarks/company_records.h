// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exchange_core/record/record_writer.h"

// Made-up company registrations: about 200 bytes each as protobuf, with the entropy of real ones (codes, numbers and
// names that repeat nowhere; streets, trades and places that do). Every row follows from (seed, number) alone.
namespace datong::benchmarks {

// Items of the resource "companies", in the order of CompanyRows' values, and the catalog text that declares them.
inline constexpr size_t kCompanyItems = 11;
inline constexpr char kCompanyItemsYaml[] =
    "[code, name, address, legal_person, phone, trade, {name: capital, type: decimal}, {name: founded, type: date}, "
    "mail, "
    "register_number, status]";

class CompanyRows {
 public:
  explicit CompanyRows(uint64_t seed) : seed_(seed), texts_(kCompanyItems), values_(kCompanyItems) {}

  // Values of company `number`. Valid until the next call.
  const std::vector<record::FieldText>& Row(uint64_t number);

 private:
  const uint64_t seed_;
  std::vector<std::string> texts_;  // reused memory
  std::vector<record::FieldText> values_;
};

}  // namespace datong::benchmarks
