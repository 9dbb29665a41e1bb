// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cli/engine_choice.h"
#include "exchange_core/admin/problem.h"
#include "tests/support/temporary_directory.h"

namespace datong::cli {
namespace {

using admin::Code;

class Directory {
 public:
  absl::StatusOr<EngineChoice> Choose(const EngineSaid& said) {
    auto choice = ChooseEngine(base::PosixFileSystem(), directory_.path(), said);
    if (choice.ok()) REQUIRE(KeepEngineChoice(base::PosixFileSystem(), directory_.path(), *choice).ok());
    return choice;
  }
  Code Refusal(const EngineSaid& said) { return admin::FromStatus(Choose(said).status()).code; }
  std::string path(const std::string& name) { return directory_.path() + "/" + name; }

 private:
  tests::TemporaryDirectory directory_;
};

TEST_CASE("nothing said is the embedded engine, and leaves no file") {
  Directory directory;
  CHECK_FALSE(directory.Choose({})->kafka);
  CHECK_FALSE(directory.Choose({.engine = "embedded"})->kafka);
  CHECK_FALSE(std::filesystem::exists(directory.path("engine.json")));
  std::filesystem::create_directory(directory.path("log"));
  CHECK(directory.Refusal({.engine = "kafka", .bootstrap_servers = "a:1", .exchange = "city"}) ==
        Code::kWrongArguments);
}

TEST_CASE("Kafka is said once, with all that it needs; servers and configuration may move, the rest may not") {
  Directory directory;
  CHECK(directory.Refusal({.engine = "kafka"}) == Code::kWrongArguments);
  CHECK(directory.Refusal({.engine = "kafka", .bootstrap_servers = "a:1"}) == Code::kWrongArguments);
  CHECK(directory.Refusal({.engine = "kafka", .exchange = "city"}) == Code::kWrongArguments);
  CHECK(directory.Refusal({.bootstrap_servers = "a:1"}) == Code::kWrongArguments);
  REQUIRE(directory.Choose({.engine = "kafka", .bootstrap_servers = "a:1", .exchange = "city"}).ok());
  auto choice = directory.Choose({});
  REQUIRE(choice.ok());
  CHECK(choice->kafka);
  CHECK(choice->bootstrap_servers == "a:1");
  CHECK(choice->exchange == "city");
  choice = directory.Choose({.bootstrap_servers = "b:2", .config = "/etc/datong/kafka.properties"});
  REQUIRE(choice.ok());
  CHECK(directory.Choose({})->bootstrap_servers == "b:2");
  CHECK(directory.Choose({})->config == "/etc/datong/kafka.properties");
  CHECK(directory.Refusal({.exchange = "other"}) == Code::kWrongArguments);
  CHECK(directory.Refusal({.engine = "embedded"}) == Code::kWrongArguments);
  CHECK(directory.Choose({.engine = "kafka", .exchange = "city"}).ok());
}

TEST_CASE("copies of topics are said once, may be said anew, and must fit each other") {
  Directory directory;
  const EngineSaid kafka = {.engine = "kafka", .bootstrap_servers = "a:1", .exchange = "city"};
  REQUIRE(directory.Choose(kafka).ok());
  CHECK(directory.Choose({})->replication_factor == 0);
  CHECK(directory.Refusal({.min_insync_replicas = 2}) == Code::kWrongArguments);
  CHECK(directory.Refusal({.replication_factor = 2, .min_insync_replicas = 3}) == Code::kWrongArguments);
  REQUIRE(directory.Choose({.replication_factor = 3, .min_insync_replicas = 2}).ok());
  CHECK(directory.Choose({})->replication_factor == 3);
  CHECK(directory.Choose({})->min_insync_replicas == 2);
  CHECK(directory.Choose({.replication_factor = 5})->min_insync_replicas == 2);
  CHECK(directory.Refusal({.replication_factor = 1}) == Code::kWrongArguments);
  Directory embedded;
  CHECK(embedded.Refusal({.replication_factor = 3}) == Code::kWrongArguments);
}

TEST_CASE("where checkpoints are shared is kept; how long this process may be silent is not") {
  Directory directory;
  REQUIRE(directory
              .Choose({.engine = "kafka",
                       .bootstrap_servers = "a:1",
                       .exchange = "city",
                       .checkpoints = "/srv/checkpoints",
                       .lease_seconds = 5})
              .ok());
  CHECK(directory.Choose({})->checkpoints == "/srv/checkpoints");
  CHECK(directory.Choose({.replication_factor = 3})->checkpoints == "/srv/checkpoints");
  std::ifstream stored(directory.path("engine.json"));
  const std::string text((std::istreambuf_iterator<char>(stored)), std::istreambuf_iterator<char>());
  CHECK(text.find("lease") == std::string::npos);
  Directory embedded;
  CHECK(embedded.Refusal({.checkpoints = "/srv/checkpoints"}) == Code::kWrongArguments);
  CHECK(embedded.Refusal({.lease_seconds = 5}) == Code::kWrongArguments);
}

TEST_CASE("a move goes where it was begun to, and turns the exchange round in one step") {
  base::FileSystem& files = base::PosixFileSystem();
  Directory directory;
  const std::string path = directory.path("");
  std::filesystem::create_directory(directory.path("log"));
  std::ofstream(directory.path("log/rows")) << "kept";
  const auto target = [&](const EngineSaid& said) { return ChooseMoveTarget(files, path, said); };
  CHECK(admin::FromStatus(target({}).status()).code == Code::kWrongArguments);
  CHECK(admin::FromStatus(target({.exchange = "city"}).status()).code == Code::kWrongArguments);
  auto chosen = target({.bootstrap_servers = "a:1", .exchange = "city"});
  REQUIRE(chosen.ok());
  CHECK(chosen->move == 0);
  CHECK_FALSE(MoveBegun(files, path)->has_value());
  chosen->move = ~uint64_t{0};
  REQUIRE(KeepMoveTarget(files, path, *chosen).ok());
  CHECK_FALSE(directory.Choose({})->kafka);  // so long the embedded engine counts
  CHECK(target({})->move == ~uint64_t{0});
  CHECK(target({.bootstrap_servers = "b:2"})->bootstrap_servers == "b:2");
  CHECK(admin::FromStatus(target({.exchange = "other"}).status()).where == MovePath(path));
  REQUIRE(TurnRound(files, path).ok());
  auto engine = directory.Choose({});
  REQUIRE(engine.ok());
  CHECK(engine->kafka);
  CHECK(engine->exchange == "city");
  REQUIRE(directory.Choose({.bootstrap_servers = "c:3"}).ok());
  CHECK(directory.Choose({})->move == ~uint64_t{0});  // kept, whatever is said anew
  CHECK_FALSE(MoveBegun(files, path)->has_value());
  for (int again = 0; again < 2; ++again) REQUIRE(SetFormerLogAside(files, path).ok());
  CHECK_FALSE(std::filesystem::exists(directory.path("log")));
  CHECK(std::filesystem::exists(FormerLogPath(path) + "/rows"));
}

TEST_CASE("a damaged choice is told, and never taken for the embedded engine") {
  Directory directory;
  const std::string text = GENERATE("", "{", "[]", R"({"engine":"kafka"})", R"({"engine":7})",
                                    R"({"engine":"pulsar","bootstrap_servers":"a:1","exchange":"city"})");
  std::ofstream(directory.path("engine.json")) << text;
  CHECK(absl::IsDataLoss(directory.Choose({}).status()));
}

TEST_CASE("properties are read as they are written, and a wrong line is told by its number only") {
  Directory directory;
  const std::string path = directory.path("kafka.properties");
  std::ofstream(path) << "# secret\n\n sasl.password = a=b c \r\nsecurity.protocol=SASL_SSL";
  const auto properties = ReadProperties(base::PosixFileSystem(), path);
  REQUIRE(properties.ok());
  CHECK(*properties == std::vector<std::pair<std::string, std::string>>{{"sasl.password", "a=b c"},
                                                                        {"security.protocol", "SASL_SSL"}});
  std::ofstream(path) << "a = b\nhunter2\n";
  const admin::Problem wrong = admin::FromStatus(ReadProperties(base::PosixFileSystem(), path).status());
  CHECK(wrong.where == path + ":2");
  CHECK(admin::ToJson(wrong).dump().find("hunter2") == std::string::npos);
  CHECK(absl::IsNotFound(ReadProperties(base::PosixFileSystem(), path + "x").status()));
}

}  // namespace
}  // namespace datong::cli
