// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/kafka_for_tests.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/support/source_path.h"

namespace datong::tests {
namespace {

constexpr char kReady[] = "ready ";
constexpr char kUnavailable[] = "unavailable ";

std::string Environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

[[noreturn]] void Skip(const std::string& why) {
  std::fprintf(stderr, "SKIPPED: every test of this program needs a Kafka broker, and none can be had: %s\n",
               why.c_str());
  if (Environment("DATONG_REQUIRE_KAFKA", "0") == "1") {
    std::fprintf(stderr, "FAILED: DATONG_REQUIRE_KAFKA=1 forbids to skip them\n");
    std::exit(1);
  }
  std::exit(KafkaForTests::kSkipped);
}

}  // namespace

KafkaForTests& KafkaForTests::Shared() {
  static KafkaForTests shared;
  return shared;
}

KafkaForTests::KafkaForTests(const std::vector<std::string>& options) {
  // Closed in whatever this process starts besides: the broker's program lives until every copy of `to` is closed.
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for a Kafka broker");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  std::vector<std::string> words = {"python3", SourcePath("tests/kafka/broker.py"),
                                    "--version=" + Environment("DATONG_KAFKA_VERSION", "3.9.1")};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed = posix_spawnp(&process_, "python3", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
  if (failed != 0) throw std::runtime_error("python3 cannot be started");
  AwaitReady();
}

KafkaForTests::~KafkaForTests() {
  std::fclose(to_);
  std::fclose(from_);
  waitpid(process_, nullptr, 0);  // it kills the broker and removes its directory
}

std::string KafkaForTests::FreshExchange() { return "exchange-" + std::to_string(++exchanges_); }

void KafkaForTests::Kill() {
  if (const std::string answer = Ask("kill"); answer != "killed") throw std::runtime_error("broker.py: " + answer);
}

void KafkaForTests::Start() {
  std::fputs("start\n", to_);
  std::fflush(to_);
  AwaitReady();
}

std::string KafkaForTests::Ask(const std::string& line) {
  std::fprintf(to_, "%s\n", line.c_str());
  std::fflush(to_);
  return Answer();
}

std::string KafkaForTests::Answer() {
  std::string line;
  for (int c; (c = std::fgetc(from_)) != EOF && c != '\n';) line.push_back(static_cast<char>(c));
  return line;
}

void KafkaForTests::AwaitReady() {
  const std::string answer = Answer();
  if (answer.starts_with(kUnavailable)) Skip(answer.substr(sizeof kUnavailable - 1));
  // What it has to say otherwise stands in its standard error, which is ours.
  if (!answer.starts_with(kReady)) throw std::runtime_error("the Kafka broker did not start");
  bootstrap_servers_ = answer.substr(sizeof kReady - 1);
}

}  // namespace datong::tests
