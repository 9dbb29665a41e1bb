// SPDX-License-Identifier: Apache-2.0
// A directory has one holder: a second one, in this process or another, is refused and told who has it.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"
#include "tests/unit/broker_adapters/embedded/embedded_fixture.h"

namespace datong::embedded {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a second opener is refused by name, in this process and in another, until the first lets go") {
  const tests::TemporaryDirectory folder;
  const std::string directory = folder.path() + "/exchange";
  auto held = Opened({.directory = directory});
  MakeTopics(*held);
  const auto refused = OpenEmbeddedBroker({.directory = directory}).status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK_THAT(std::string(refused.message()), Contains(directory) && Contains(std::to_string(::getpid())));

  const std::string holder = std::to_string(::getpid());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto status = OpenEmbeddedBroker({.directory = directory}).status();
    const bool named =
        absl::IsFailedPrecondition(status) && std::string(status.message()).find(holder) != std::string::npos;
    ::_exit(named ? 0 : 1);
  }
  int outcome = 0;
  REQUIRE(::waitpid(child, &outcome, 0) == child);
  CHECK(WIFEXITED(outcome));
  CHECK(WEXITSTATUS(outcome) == 0);

  held.reset();
  auto next = Opened({.directory = directory});
  CHECK(next->ListTopics().size() == 2);
}

}  // namespace
}  // namespace datong::embedded
