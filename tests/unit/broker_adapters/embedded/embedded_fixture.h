// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/base/random.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

inline std::unique_ptr<broker::Broker> Opened(EmbeddedOptions options) {
  auto opened = OpenEmbeddedBroker(options);
  INFO(opened.status().ToString());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

inline std::string LargeBody(uint64_t seed, size_t size = 20'000) {
  base::SeededRandom random(seed);
  std::string body(size, '\0');
  for (auto& c : body) c = static_cast<char>(random.Next());
  return body;
}

// One transaction as a lane makes it: a record batch, a ledger entry, a position.
inline absl::Status CommitLike(broker::Writer& writer, uint64_t number, size_t body_size = 20'000) {
  auto transaction = writer.Begin();
  if (!transaction.ok()) return transaction.status();
  (*transaction)->Append({"records", 0}, "k", "e", broker::Body(LargeBody(number, body_size)));
  (*transaction)->Append({"ledger", 0}, "", std::to_string(number), broker::Body());
  (*transaction)->AdvancePosition("lane", {"records", 0}, number);
  return (*transaction)->Commit();
}

inline void MakeTopics(broker::Broker& broker) {
  REQUIRE(broker.CreateTopic("records", {broker::TopicKind::kRecords, 1}).ok());
  REQUIRE(broker.CreateTopic("ledger", {broker::TopicKind::kLedger, 1}).ok());
}

// Everything from `from` on, or the first error.
inline absl::StatusOr<std::vector<broker::Message>> Everything(broker::Broker& broker, const std::string& topic,
                                                               broker::Position from = 0) {
  auto reader = broker.OpenReader({topic, 0}, from);
  if (!reader.ok()) return reader.status();
  std::vector<broker::Message> all;
  for (;;) {
    auto some = (*reader)->Poll({});
    if (!some.ok()) return some.status();
    if (some->empty()) return all;
    for (auto& message : *some) all.push_back(std::move(message));
  }
}

// Holds the broker to exactly the transactions 1..count of CommitLike().
inline void CheckHolds(broker::Broker& broker, uint64_t count, size_t body_size = 20'000) {
  const auto records = Everything(broker, "records");
  const auto ledger = Everything(broker, "ledger");
  INFO(records.status().ToString() << " " << ledger.status().ToString());
  REQUIRE(records.ok());
  REQUIRE(ledger.ok());
  REQUIRE(records->size() == count);
  REQUIRE(ledger->size() == count);
  for (uint64_t i = 0; i < count; ++i) {
    CHECK((*records)[i].body.bytes() == LargeBody(i + 1, body_size));
    CHECK((*ledger)[i].envelope == std::to_string(i + 1));
  }
  const auto position = broker.CommittedPosition("lane", {"records", 0}).value();
  CHECK(position.value_or(0) == count);
}

inline std::vector<std::string> FilesBelow(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

inline uint64_t SegmentBytes(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& path : FilesBelow(directory + "/segments")) bytes += std::filesystem::file_size(path);
  return bytes;
}

// Calls back at every step, on the thread that takes it.
class StepsTo final : public base::StepObserver {
 public:
  explicit StepsTo(std::function<void(std::string_view)> act) : act_(std::move(act)) {}
  void Reached(std::string_view step) override { act_(step); }

 private:
  const std::function<void(std::string_view)> act_;
};

}  // namespace datong::embedded
