// SPDX-License-Identifier: Apache-2.0
// Where a connector's secrets are: beside its file, at a path, or where a service manager puts them.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "cli/credentials.h"
#include "exchange_core/admin/problem.h"
#include "tests/support/temporary_directory.h"

namespace datong::cli {
namespace {

// For as long as it lives.
class CredentialsDirectory {
 public:
  explicit CredentialsDirectory(const std::string& path) { ::setenv("CREDENTIALS_DIRECTORY", path.c_str(), 1); }
  ~CredentialsDirectory() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
};

std::string Said(const absl::Status& status) {
  const admin::Problem problem = admin::FromStatus(status);
  return problem.what + problem.where + problem.why + problem.next;
}

}  // namespace

TEST_CASE("a secret's name counts from the folder of the connector's file") {
  CHECK(SecretPath("/etc/a.properties", "/etc/datong/c.yaml") == "/etc/a.properties");
  CHECK(SecretPath("a.properties", "/etc/datong/c.yaml") == "/etc/datong/a.properties");
  CHECK(SecretPath("../a.properties", "conf/c.yaml") == "conf/../a.properties");
  CHECK(SecretPath("a.properties", "c.yaml") == "a.properties");
  CHECK(SecretPath("", "/etc/datong/c.yaml").empty());
}

TEST_CASE("a service manager's folder of credentials is meant where it is named, and only at the front") {
  CHECK(SecretPath("$CREDENTIALS_DIRECTORY/kafka", "/etc/c.yaml") == "$CREDENTIALS_DIRECTORY/kafka");
  tests::TemporaryDirectory directory;
  const CredentialsDirectory set(directory.path());
  CHECK(SecretPath("$CREDENTIALS_DIRECTORY/kafka", "/etc/c.yaml") == directory.path() + "/kafka");
  std::ofstream(directory.path() + "/kafka") << "ssl.ca.location=$CREDENTIALS_DIRECTORY/ca.pem\n"
                                                "sasl.password=a$CREDENTIALS_DIRECTORY/b\n";
  const auto properties = ReadSecretProperties(base::PosixFileSystem(), directory.path() + "/kafka");
  REQUIRE(properties.ok());
  REQUIRE(properties->size() == 2);
  CHECK((*properties)[0].second == directory.path() + "/ca.pem");
  CHECK((*properties)[1].second == "a$CREDENTIALS_DIRECTORY/b");
}

TEST_CASE("secrets that cannot be read are told by their place, never by their content") {
  const auto unset = ReadSecretProperties(base::PosixFileSystem(), "$CREDENTIALS_DIRECTORY/kafka");
  CHECK(Said(unset.status()).find("CREDENTIALS_DIRECTORY is not set") != std::string::npos);
  tests::TemporaryDirectory directory;
  const auto missing = ReadSecretProperties(base::PosixFileSystem(), directory.path() + "/none");
  CHECK(admin::FromStatus(missing.status()).code == admin::Code::kDenied);
  CHECK(Said(missing.status()).find(directory.path() + "/none") != std::string::npos);
  std::ofstream(directory.path() + "/wrong") << "sasl.username=tax\ngeheim-42\n";
  const auto wrong = ReadSecretProperties(base::PosixFileSystem(), directory.path() + "/wrong");
  REQUIRE_FALSE(wrong.ok());
  CHECK(Said(wrong.status()).find("geheim-42") == std::string::npos);
}

}  // namespace datong::cli
