// SPDX-License-Identifier: Apache-2.0
// A question put through the control socket is answered with the same rows, result and problem as if it were asked in
// the holder's own process; going away withdraws it, and the holder's end is told as such.
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "cli/control_client.h"
#include "cli/control_protocol.h"
#include "cli/control_server.h"
#include "exchange_core/admin/problem.h"
#include "tests/support/temporary_directory.h"

namespace datong::cli {
namespace {

class Collector final : public admin::Responder {
 public:
  void Row(const admin::Json& row) override { rows.push_back(row); }
  void Progress(const admin::Json&) override { ++progress; }
  bool cancelled() override { return rows.size() >= enough; }
  bool Pause(int64_t) override { return !cancelled(); }
  std::vector<admin::Json> rows;
  int progress = 0;
  size_t enough = SIZE_MAX;
};

absl::StatusOr<admin::Json> Echo(const admin::Request& request, admin::Responder& out) {
  if (request.method != "echo") {
    return admin::ToStatus(
        {.code = admin::Code::kNoSuchResource, .what = "no '资源'", .where = "w", .why = "y", .next = "n"});
  }
  out.Progress({{"rows", 1}});
  out.Row({{"z", 1}, {"a", request.params}});
  out.Row({{"bytes", "\xff\xfe"}});
  return admin::Json{{"done", true}};
}

absl::StatusOr<admin::Json> Ask(const std::string& directory, const std::string& method, Collector& to) {
  auto socket = ConnectTo(directory);
  if (!socket.ok()) return socket.status();
  return AskHolder(*socket, {method, {{"名", "值"}}}, to);
}

}  // namespace

TEST_CASE("rows, progress and result arrive in order and unchanged") {
  tests::TemporaryDirectory directory;
  auto server = ControlServer::Start(directory.path(), Echo);
  REQUIRE(server.ok());
  for (int i = 0; i < 3; ++i) {
    Collector to;
    const auto result = Ask(directory.path(), "echo", to);
    REQUIRE(result.ok());
    CHECK(admin::ToLine(*result) == R"({"done":true})");
    REQUIRE(to.rows.size() == 2);
    CHECK(admin::ToLine(to.rows[0]) == R"({"z":1,"a":{"名":"值"}})");  // members keep their order
    CHECK(admin::ToLine(to.rows[1]) == "{\"bytes\":\"\uFFFD\uFFFD\"}");
    CHECK(to.progress == 1);
  }
}

TEST_CASE("a problem comes back as it was") {
  tests::TemporaryDirectory directory;
  auto server = ControlServer::Start(directory.path(), Echo);
  REQUIRE(server.ok());
  Collector to;
  const admin::Problem problem = admin::FromStatus(Ask(directory.path(), "other", to).status());
  CHECK(problem.code == admin::Code::kNoSuchResource);
  CHECK(problem.what == "no '资源'");
  CHECK(problem.where == "w");
  CHECK(problem.why == "y");
  CHECK(problem.next == "n");
}

TEST_CASE("the socket is its owner's alone, and replaces what a dead holder left") {
  tests::TemporaryDirectory directory;
  const std::string path = directory.path() + "/" + kControlSocket;
  std::ofstream(path) << "left behind";
  CHECK(absl::IsNotFound(ConnectTo(directory.path()).status()));
  auto server = ControlServer::Start(directory.path(), Echo);
  REQUIRE(server.ok());
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  CHECK(S_ISSOCK(found.st_mode));
  CHECK((found.st_mode & 0777) == 0600);
  (*server)->Stop();
  CHECK(stat(path.c_str(), &found) != 0);
  CHECK(absl::IsNotFound(ConnectTo(directory.path()).status()));
}

TEST_CASE("a path longer than a socket address works") {
  tests::TemporaryDirectory directory;
  std::string path = directory.path();
  for (int i = 0; i < 4; ++i) {
    path += "/" + std::string(60, 'd');
    REQUIRE(mkdir(path.c_str(), 0700) == 0);
  }
  auto server = ControlServer::Start(path, Echo);
  REQUIRE(server.ok());
  Collector to;
  CHECK(Ask(path, "echo", to).ok());
}

TEST_CASE("an asker that goes away withdraws its question") {
  tests::TemporaryDirectory directory;
  std::atomic<bool> left{false};
  auto server = ControlServer::Start(directory.path(),
                                     [&](const admin::Request&, admin::Responder& out) -> absl::StatusOr<admin::Json> {
                                       for (int i = 0; out.Pause(10); ++i) out.Row({{"i", i}});
                                       left.store(true);
                                       return absl::CancelledError("no longer wanted");
                                     });
  REQUIRE(server.ok());
  Collector to;
  to.enough = 3;
  CHECK(absl::IsCancelled(Ask(directory.path(), "endless", to).status()));
  for (int i = 0; i < 500 && !left.load(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(left.load());
}

TEST_CASE("a holder that stops says so to who still waits") {
  tests::TemporaryDirectory directory;
  std::atomic<bool> asked{false};
  auto server = ControlServer::Start(directory.path(),
                                     [&](const admin::Request&, admin::Responder& out) -> absl::StatusOr<admin::Json> {
                                       asked.store(true);
                                       while (out.Pause(10)) continue;
                                       return absl::CancelledError("no longer wanted");
                                     });
  REQUIRE(server.ok());
  absl::Status told;
  std::thread asker([&] {
    Collector to;
    told = Ask(directory.path(), "endless", to).status();
  });
  while (!asked.load()) std::this_thread::yield();
  (*server)->Stop();
  asker.join();
  CHECK(admin::FromStatus(told).code == admin::Code::kHolderEnded);
}

TEST_CASE("what is no request is refused") {
  CHECK_FALSE(ParseRequest("").ok());
  CHECK_FALSE(ParseRequest("[1]").ok());
  CHECK_FALSE(ParseRequest(R"({"method":"files"})").ok());
  CHECK_FALSE(ParseRequest(R"({"protocol":2,"method":"files"})").ok());
  CHECK_FALSE(ParseRequest(R"({"protocol":1,"method":7})").ok());
  CHECK(ParseRequest(R"({"protocol":1,"method":"files"})").ok());
  tests::TemporaryDirectory directory;
  auto server = ControlServer::Start(directory.path(), Echo);
  REQUIRE(server.ok());
  auto socket = ConnectTo(directory.path());
  REQUIRE(socket.ok());
  REQUIRE(SendAll(*socket, "nonsense\n").ok());
  LineReader reader(*socket);
  std::string line;
  const auto got = reader.Next(line, 1 << 20, 5000);
  REQUIRE(got.ok());
  CHECK(*got == LineReader::Got::kLine);
  CHECK(line.find("DT-1003") != std::string::npos);
}

}  // namespace datong::cli
