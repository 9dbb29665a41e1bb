// SPDX-License-Identifier: Apache-2.0
#include "connectors/generator/register_writer.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "connectors/generator/csv_file.h"
#include "connectors/generator/register_content.h"
#include "connectors/generator/valid_codes.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::generator {
namespace {

// What a draw is for. Far from the numbers register_content.cc uses.
enum Purpose : uint64_t { kChange = 1000, kDuplicate, kDuplicateOf, kDefect, kDefectKind, kSpelling };

constexpr uint64_t kDuplicateDistanceMax = 5000;

struct DefectKind {
  std::string_view name;
  bool needs_date;
};
constexpr std::array<DefectKind, 4> kDefectKinds = {
    {{"ragged", false}, {"no_key", false}, {"not_utf8", false}, {"bad_date", true}}};
constexpr std::array<std::string_view, 4> kBadDates = {"2023-02-30", "2021-13-05", "待定", "20220431"};

std::string DayName(uint32_t dump) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} +
                                         std::chrono::days{dump}};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

// The dumps of one register, one after the other.
class RegisterDumps {
 public:
  RegisterDumps(Register which, const GeneratorOptions& options)
      : which_(which), shape_(ShapeOf(which)), options_(options), first_count_(FirstCount()) {}

  absl::StatusOr<FileFacts> Write(uint32_t dump, base::FileSystem& files, const std::string& directory);

 private:
  uint64_t FirstCount() const {
    if (which_ == Register::kDivisions) return kDivisionsInAll;
    return which_ == Register::kCertificates ? std::max<uint64_t>(1, options_.records / 2) : options_.records;
  }
  // Rows known up to and including a dump. A changing register also grows; there are no more divisions than there are.
  uint64_t CountAt(uint32_t dump) const {
    if (which_ == Register::kDivisions) return first_count_;
    const double grown = static_cast<double>(first_count_) * options_.changes / 100 / (shape_.events ? 1 : 4);
    return first_count_ + dump * static_cast<uint64_t>(grown);
  }
  // Chance, in parts of a million, settled for (purpose, number, dump) once and for all.
  bool Happens(uint64_t purpose, uint64_t number, uint32_t dump, double percent) const {
    return Mixed(options_.seed ^ Salt(), purpose, number, dump) % 1'000'000 < static_cast<uint64_t>(percent * 10'000);
  }
  uint64_t Salt() const { return static_cast<uint64_t>(which_) << 32; }
  bool ChangedIn(uint64_t number, uint32_t dump) const {
    return dump > 0 && !shape_.events && number < CountAt(dump - 1) && Happens(kChange, number, dump, options_.changes);
  }
  uint32_t RevisionAt(uint64_t number, uint32_t dump) const {
    uint32_t revision = 0;
    for (uint32_t earlier = 1; earlier <= dump; ++earlier) revision += ChangedIn(number, earlier);
    return revision;
  }

  void Fill(uint64_t number, uint32_t dump);
  void FillDefective(uint64_t number, uint32_t dump, FileFacts& facts);
  void CountVerdict(uint64_t number, uint32_t dump, FileFacts& facts) const;

  const Register which_;
  const RegisterShape& shape_;
  const GeneratorOptions options_;
  const uint64_t first_count_;
  std::vector<std::string> values_;
};

void RegisterDumps::Fill(uint64_t number, uint32_t dump) {
  FillRow(which_,
          {.seed = options_.seed,
           .number = number,
           .revision = RevisionAt(number, dump),
           .spelling = Mixed(options_.seed, kSpelling, number, dump),
           .companies = options_.records},
          values_);
}

// A row that nobody can read, about an object that is not otherwise in the register: it never hides a change.
void RegisterDumps::FillDefective(uint64_t number, uint32_t dump, FileFacts& facts) {
  const uint64_t space = which_ == Register::kDivisions ? kDivisionsInAll : kSocialCreditCodesMax;
  FillRow(which_, {.seed = options_.seed, .number = space - 1 - number % space, .companies = options_.records},
          values_);
  const uint64_t draw = Mixed(options_.seed ^ Salt(), kDefectKind, number, dump);
  const size_t kinds = shape_.date_column == SIZE_MAX ? kDefectKinds.size() - 1 : kDefectKinds.size();
  const DefectKind& kind = kDefectKinds[draw % kinds];
  const uint64_t variant = draw / kDefectKinds.size();
  if (kind.name == "ragged") {
    if (variant % 2 == 0) {
      values_.pop_back();
    } else {
      values_.emplace_back("多出的一列");
    }
  } else if (kind.name == "no_key") {
    values_[shape_.key_column].clear();
  } else if (kind.name == "not_utf8") {
    values_.back() += "\xC9\xCF\xBA\xA3";  // two characters as GBK writes them
  } else {
    values_[shape_.date_column] = kBadDates[variant % kBadDates.size()];
  }
  ++facts.defects[std::string(kind.name)];
  ++facts.verdicts["unreadable_row"];
}

void RegisterDumps::CountVerdict(uint64_t number, uint32_t dump, FileFacts& facts) const {
  const bool is_new = dump == 0 || number >= CountAt(dump - 1);
  if (is_new) {
    ++facts.verdicts["inserted"];
  } else {
    ++facts.verdicts[ChangedIn(number, dump) ? "updated" : "unchanged"];
  }
}

absl::StatusOr<FileFacts> RegisterDumps::Write(uint32_t dump, base::FileSystem& files, const std::string& directory) {
  FileFacts facts;
  facts.path = absl::StrCat(base::Absl(shape_.name), "/", base::Absl(shape_.name), "-", DayName(dump), ".csv");
  RETURN_IF_ERROR(files.MakeDirectories(directory + "/" + std::string(shape_.name)));
  ASSIGN_OR_RETURN(auto file, CsvFile::Create(files, directory + "/" + facts.path, shape_.style));
  RETURN_IF_ERROR(file->AddRow(shape_.columns));

  const uint64_t begin = shape_.events && dump > 0 ? CountAt(dump - 1) : 0;
  for (uint64_t number = begin; number < CountAt(dump); ++number) {
    Fill(number, dump);
    RETURN_IF_ERROR(file->AddRow(values_));
    CountVerdict(number, dump, facts);
    ++facts.rows;
    if (Happens(kDuplicate, number, dump, options_.duplicates)) {
      const uint64_t back = std::min(number - (shape_.events ? 0 : begin), kDuplicateDistanceMax);
      Fill(number - Mixed(options_.seed, kDuplicateOf, number, dump) % (back + 1), dump);
      RETURN_IF_ERROR(file->AddRow(values_));
      ++facts.verdicts["duplicate"];
      ++facts.rows;
    }
    if (Happens(kDefect, number, dump, options_.defects)) {
      FillDefective(number, dump, facts);
      RETURN_IF_ERROR(file->AddRow(values_));
      ++facts.rows;
    }
  }
  RETURN_IF_ERROR(file->Finish());
  facts.bytes = file->bytes();
  facts.keys = CountAt(dump);
  return facts;
}

absl::Status CheckOptions(const GeneratorOptions& options) {
  if (options.records < 1 || options.records > kRecordsMax) {
    return absl::InvalidArgumentError(absl::StrCat("records must be 1 to ", kRecordsMax));
  }
  if (options.dumps < 1 || options.dumps > kDumpsMax) {
    return absl::InvalidArgumentError(absl::StrCat("dumps must be 1 to ", kDumpsMax));
  }
  for (double percent : {options.duplicates, options.changes, options.defects}) {
    if (!(percent >= 0 && percent <= 100)) return absl::InvalidArgumentError("a share is a percentage from 0 to 100");
  }
  // Later dumps grow the register; the codes must last.
  const double in_all = static_cast<double>(options.records) * (1 + options.changes / 400 * options.dumps);
  if (in_all * 1.1 > static_cast<double>(kSocialCreditCodesMax)) {
    return absl::InvalidArgumentError(
        "so many companies over so many dumps would run out of credit codes; ask for fewer");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExpectedFacts> WriteRegisters(const GeneratorOptions& options, base::FileSystem& files,
                                             const std::string& directory) {
  RETURN_IF_ERROR(CheckOptions(options));
  ExpectedFacts facts;
  facts.seed = options.seed;
  for (Register which : {Register::kCompanies, Register::kCertificates, Register::kDivisions}) {
    RegisterDumps dumps(which, options);
    RegisterFacts& of_register = facts.registers.emplace_back();
    of_register.name = ShapeOf(which).name;
    for (uint32_t dump = 0; dump < options.dumps; ++dump) {
      ASSIGN_OR_RETURN(FileFacts of_file, dumps.Write(dump, files, directory));
      of_register.files.push_back(std::move(of_file));
    }
  }
  return facts;
}

}  // namespace datong::generator
