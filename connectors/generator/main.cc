// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "connectors/generator/expected_facts.h"
#include "connectors/generator/register_writer.h"
#include "exchange_core/base/file_system.h"

// datong-generate: writes the registers of the demo and prints, as JSON, what an exchange must make of them.
int main(int argc, char** argv) {
  datong::generator::GeneratorOptions options;
  std::string directory;
  CLI::App app(
      "Writes successive dumps of three registers as CSV and prints, as JSON, what an exchange must make of them.",
      "datong-generate");
  app.add_option("--out", directory, "folder to write into; made when missing")->required();
  app.add_option("--records", options.records, "companies in the first dump")->capture_default_str();
  app.add_option("--dumps", options.dumps, "successive dumps of each register")->capture_default_str();
  app.add_option("--seed", options.seed, "the same seed gives the same bytes")->capture_default_str();
  app.add_option("--duplicates", options.duplicates, "rows that repeat an earlier one, per hundred")
      ->capture_default_str();
  app.add_option("--changes", options.changes, "rows changed from dump to dump, per hundred")->capture_default_str();
  app.add_option("--defects", options.defects, "rows that cannot be read, per hundred")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }

  const auto facts = WriteRegisters(options, datong::base::PosixFileSystem(), directory);
  if (!facts.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(facts.status().message()).c_str());
    return facts.status().code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
  }
  std::fputs(FactsAsJson(*facts).c_str(), stdout);
  return 0;
}
