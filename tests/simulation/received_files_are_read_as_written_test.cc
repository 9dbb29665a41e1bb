// SPDX-License-Identifier: Apache-2.0
// What a department reads in its sink's directory: every record of whole files, refusals that took effect, and a
// complaint about everything that a sound sink never leaves there.
#include <catch2/catch.hpp>
#include <string>

#include "tests/simulation/received_files.h"

namespace datong::simulation {
namespace {

constexpr char kHead[] = "_operation,_key,_lane,_sequence,_source_file,_source_row,code,name\n";
constexpr char kStateHead[] = "_key,_source_file,_source_row,code,name\n";
const std::string kKeyA(32, 'a');
const std::string kKeyB(32, 'b');

std::string Name(const std::string& kind, char position, const std::string& ending) {
  return "/out/s/" + kind + "-" + std::string(19, '0') + position + ending;
}

struct Directory {
  Directory() {
    plan.name = "s";
    plan.resource = "r";
    plan.directory = "/out/s";
  }
  Received Read() { return ReadReceived(disk, plan); }
  base::SeededRandom random{1};
  SimulatedDisk disk{random};
  SubscriptionPlan plan;
};

std::string Line(const std::string& key, int sequence, const std::string& values) {
  return "insert," + key + ",1," + std::to_string(sequence) + ",f.csv,7," + values + "\n";
}

}  // namespace

TEST_CASE("changes are read in the order of their positions, with quotes, line ends and absent values") {
  Directory of;
  of.disk.Place(Name("changes", '2', ".csv"), kHead + Line(kKeyB, 2, "code:2,"));
  of.disk.Place(Name("changes", '1', ".csv"), kHead + Line(kKeyA, 1, "code:1,\"a \"\"b\"\",\nc\""));
  of.disk.Place("/out/s/.changes-1.tmp", "half");
  const Received received = of.Read();
  CHECK(received.complaints.empty());
  REQUIRE(received.records.size() == 2);
  CHECK(received.records[0].values.at("name") == "a \"b\",\nc");
  CHECK(received.records[0].lane == 1);
  CHECK(received.records[0].source_file == "f.csv");
  CHECK(received.records[0].source_row == 7);
  CHECK(received.records[1].sequence == 2);
  CHECK(received.records[1].values.count("name") == 0);
  CHECK(received.columns == std::vector<std::string>{"code", "name"});
}

TEST_CASE("JSON lines and GBK are read") {
  Directory of;
  of.plan.gbk = true;
  of.plan.json_lines = true;
  of.disk.Place(Name("changes", '1', ".jsonl"),
                "{\"_operation\":\"delete\",\"_key\":\"" + kKeyA +
                    "\",\"_lane\":0,\"_sequence\":5,\"_source_file\":\"f\",\"_source_row\":3,\"name\":\"\xBC\xD7\"}\n");
  const Received received = of.Read();
  CHECK(received.complaints.empty());
  REQUIRE(received.records.size() == 1);
  CHECK(received.records[0].values.at("name") == "甲");
  CHECK(received.records[0].operation == "delete");
}

TEST_CASE("refusals count with the changes they were written with") {
  Directory of;
  of.disk.Place(Name("changes", '1', ".csv"), kHead);
  of.disk.Place(Name("refused", '1', ".jsonl"), "{\"lane\":1,\"sequence\":4,\"reason\":\"x\"}\n");
  of.disk.Place(Name("refused", '2', ".jsonl"), "{\"lane\":1,\"sequence\":5,\"reason\":\"cut off\"}\n");
  const Received received = of.Read();
  CHECK(received.complaints.empty());
  REQUIRE(received.refused.size() == 1);
  CHECK(received.refused[0].sequence == 4);
}

TEST_CASE("the newest of two states is the state, and refusals of older ones count once") {
  Directory of;
  of.plan.state_form = true;
  of.disk.Place(Name("state", '1', ".csv"), kStateHead + kKeyA + ",f,1,code:1,x\n");
  of.disk.Place(Name("state", '3', ".csv"), kStateHead + kKeyA + ",f,1,code:1,y\n" + kKeyB + ",f,2,code:2,\n");
  of.disk.Place(Name("refused", '1', ".jsonl"), "{\"lane\":1,\"sequence\":4,\"reason\":\"x\"}\n");
  of.disk.Place(Name("refused", '2', ".jsonl"), "{\"lane\":1,\"sequence\":4,\"reason\":\"x\"}\n");
  of.disk.Place(Name("refused", '4', ".jsonl"), "{\"lane\":1,\"sequence\":9,\"reason\":\"x\"}\n");
  const Received received = of.Read();
  CHECK(received.complaints.empty());
  REQUIRE(received.records.size() == 2);
  CHECK(received.records[0].values.at("name") == "y");
  CHECK(received.refused.size() == 1);
}

TEST_CASE("what no sound sink leaves behind is complained of") {
  const std::string line = Line(kKeyA, 1, "code:1,x");
  const std::vector<std::string> broken = {
      "",                                       // no header
      kHead + line.substr(0, line.size() - 1),  // the end is missing
      kHead + line.substr(0, 20),               // torn
      kHead + std::string(line.size(), '\0'),   // zeros
      kHead + Line(kKeyA, 1, "code:1"),         // a value is missing
      kHead + Line(kKeyA, 1, "code:1,\"x\"y"),  // a quote in the middle
      kHead + Line("short", 1, "code:1,x"),     // no key
      "code,name\ncode:1,x\n",                  // not its columns
  };
  for (const std::string& content : broken) {
    Directory of;
    of.disk.Place(Name("changes", '1', ".csv"), content);
    INFO(content);
    CHECK(of.Read().complaints.size() == 1);
  }
  for (const char* name : {"/out/s/changes-1.csv", "/out/s/notes.txt", "/out/s/state-00000000000000000001.csv"}) {
    Directory of;
    of.disk.Place(name, kHead);
    INFO(name);
    CHECK(of.Read().complaints.size() == 1);
  }
  Directory state;
  state.plan.state_form = true;
  state.disk.Place(Name("state", '1', ".csv"), kStateHead + kKeyB + ",f,1,code:1,x\n" + kKeyA + ",f,2,code:2,y\n");
  CHECK(state.Read().complaints.size() == 1);
}

}  // namespace datong::simulation
