// SPDX-License-Identifier: Apache-2.0
// Proves that the full example of docs/catalog.md is a catalog that applies as it stands.
#include <fstream>

#include "tests/support/source_path.h"
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

TEST_CASE("The example of the documentation applies") {
  std::ifstream file(datong::tests::SourcePath("docs/catalog.md"));
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const std::string fence = "```yaml\n";
  const size_t begin = text.find(fence);
  REQUIRE(begin != std::string::npos);
  const std::string yaml =
      text.substr(begin + fence.size(), text.find("```", begin + fence.size()) - begin - fence.size());
  CatalogTable table;
  MustApply(yaml, table);
  CHECK(table.resources().size() == 2);
  CHECK(table.ViewsOf(1).size() == 1);
  CHECK(table.FindConnector("companies-out")->sink);
  CHECK(MustApply(yaml, table).framed_change.empty());
}
