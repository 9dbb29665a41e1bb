// SPDX-License-Identifier: Apache-2.0
// A ledger message gives back its entries; a flipped byte, a gap, a stranger or another lane never passes as the same
// history.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "tests/support/source_path.h"

namespace datong::ledger {
namespace {

using Catch::Matchers::Contains;

constexpr uint32_t kLane = 3;

// Two decisions and a catalog change, with every kind of field in use.
std::string MakeMessage(ChainHead& head) {
  std::string message;
  for (uint64_t i = 0; i < 3; ++i) {
    v1::LedgerEntry entry;
    entry.set_commit_time(1700000000000000 + static_cast<int64_t>(i));
    entry.set_catalog_version(7);
    if (i == 1) {
      entry.mutable_catalog_taken()->set_version(8);
    } else {
      auto* batch = entry.mutable_batch();
      batch->set_resource_id(12);
      batch->set_partition(1);
      batch->set_input_position(4096 + i);
      batch->set_input_next(4097 + i);
      batch->set_input_seal(std::string(32, 's'));
      batch->set_records(3);
      const uint8_t codes[] = {1, 1, 4};
      PackRuns(codes, batch->mutable_verdict_runs());
      batch->set_admitted("admitted");
      auto* output = batch->add_outputs();
      output->set_view_id(5);
      output->set_first_sequence(1 + 2 * i);
      output->set_records(2);
    }
    AppendEntry(entry, kLane, head, message);
  }
  return message;
}

// Reads to the end; the status of the first entry that does not pass.
absl::Status ReadAll(std::string_view message, ChainHead& head, uint32_t lane = kLane) {
  LedgerMessageReader reader(message, lane, head);
  v1::LedgerEntry entry;
  while (true) {
    const auto more = reader.Next(entry);
    head = reader.head();
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
}

TEST_CASE("entries come back as written, and the reader ends where the writer stood") {
  ChainHead head;
  const std::string message = MakeMessage(head);
  CHECK(head.sequence == 3);
  LedgerMessageReader reader(message, kLane, ChainHead());
  v1::LedgerEntry entry;
  REQUIRE(reader.Next(entry).value());
  CHECK(entry.lane() == kLane);
  CHECK(entry.sequence() == 1);
  CHECK(entry.previous_hash() == std::string(32, '\0'));
  CHECK(entry.batch().outputs(0).view_id() == 5);
  REQUIRE(reader.Next(entry).value());
  CHECK(entry.catalog_taken().version() == 8);
  REQUIRE(reader.Next(entry).value());
  CHECK(entry.batch().input_position() == 4098);
  CHECK_FALSE(reader.Next(entry).value());
  CHECK(reader.head().sequence == head.sequence);
  CHECK(reader.head().hash == head.hash);
}

TEST_CASE("the stored bytes are those of the golden file") {
  ChainHead head;
  const std::string message = MakeMessage(head);
  const std::string path = tests::SourcePath("tests/golden/ledger/message_v1.bin");
  if (std::getenv("DATONG_WRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << message;
  std::ifstream file(path, std::ios::binary);
  const std::string golden((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(message == golden);
}

TEST_CASE("a flipped bit anywhere is refused, or at the latest leads to another head") {
  ChainHead written;
  const std::string message = MakeMessage(written);
  for (size_t at = 0; at < message.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = message;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      ChainHead head;
      const absl::Status status = ReadAll(damaged, head);
      // The last entry has no follower that would name its hash; the head kept elsewhere (the next message, a
      // checkpoint) does.
      INFO("byte " << at << " bit " << bit);
      CHECK((!status.ok() || head.hash != written.hash));
    }
  }
}

TEST_CASE("a message cut anywhere is refused or ends before its head") {
  ChainHead written;
  const std::string message = MakeMessage(written);
  for (size_t size = 0; size < message.size(); ++size) {
    ChainHead head;
    const absl::Status status = ReadAll(std::string_view(message).substr(0, size), head);
    CHECK((!status.ok() || head.sequence < written.sequence));
  }
}

TEST_CASE("another lane, a gap, a repetition and another history are DataLoss that names the entry") {
  ChainHead first, second;
  const std::string one = MakeMessage(first);
  second = first;
  const std::string two = MakeMessage(second);

  ChainHead head;
  auto status = ReadAll(one, head, kLane + 1);
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Contains("lane 4, entry 1") && Contains("belongs to lane 3"));

  head = ChainHead();
  status = ReadAll(two, head);
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Contains("entry 1") && Contains("number 4"));

  head = first;
  CHECK(absl::IsDataLoss(ReadAll(one, head)));

  head = first;
  head.hash[0] ^= 1;
  status = ReadAll(two, head);
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Contains("entry 4") && Contains("does not continue entry 3"));

  head = first;
  CHECK(ReadAll(two, head).ok());
  CHECK(head.hash == second.hash);
}

TEST_CASE("an unknown format, an unknown kind of entry and no entry at all are named") {
  std::string newer;
  base::PutBytes(newer, base::Frame("DTLE", 2, "body"));
  ChainHead head;
  const auto version = ReadAll(newer, head);
  CHECK(absl::IsUnimplemented(version));
  CHECK_THAT(std::string(version.message()), Contains("lane 3, entry 1") && Contains("version 2"));

  v1::LedgerEntry unknown;
  unknown.set_lane(kLane);
  unknown.set_sequence(1);
  unknown.set_previous_hash(std::string(32, '\0'));
  std::string kind;
  base::PutBytes(kind, base::Frame("DTLE", 1, unknown.SerializeAsString()));
  CHECK(absl::IsUnimplemented(ReadAll(kind, head)));

  std::string stranger;
  base::PutBytes(stranger, "something else");
  CHECK(absl::IsInvalidArgument(ReadAll(stranger, head)));
}

TEST_CASE("runs of verdicts come back, and runs that do not add up are refused") {
  for (const std::vector<uint8_t>& codes :
       {std::vector<uint8_t>{}, std::vector<uint8_t>{1}, std::vector<uint8_t>{1, 1, 4, 4, 4, 37, 1}}) {
    google::protobuf::RepeatedField<uint32_t> runs;
    PackRuns(codes, &runs);
    std::vector<uint8_t> back;
    CHECK(UnpackRuns(runs, codes.size(), back));
    CHECK(back == codes);
    CHECK_FALSE(UnpackRuns(runs, codes.size() + 1, back));
    if (!codes.empty()) CHECK_FALSE(UnpackRuns(runs, codes.size() - 1, back));
  }
  google::protobuf::RepeatedField<uint32_t> runs;
  std::vector<uint8_t> back;
  runs.Add(1);
  CHECK_FALSE(UnpackRuns(runs, 1, back));
  runs.Add(UINT32_MAX);
  CHECK_FALSE(UnpackRuns(runs, 1, back));
}

}  // namespace
}  // namespace datong::ledger
