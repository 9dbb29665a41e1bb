// SPDX-License-Identifier: Apache-2.0
// Commits that arrive while one is being written share the next write; whoever asks for the engine alone gets it alone.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "broker_adapters/embedded/commit_queue.h"

namespace datong::embedded {
namespace {

TEST_CASE("three commits that arrive during a first are one group") {
  std::vector<size_t> groups;
  std::atomic<bool> first_under_way{false};
  CommitQueue* queue = nullptr;
  CommitQueue made([&](const std::vector<CommitRequest*>& group) {
    groups.push_back(group.size());
    if (groups.size() > 1) return;
    first_under_way.store(true);
    while (queue->Waiting() < 3) std::this_thread::yield();
  });
  queue = &made;
  CommitRequest requests[4];
  std::vector<std::thread> threads;
  threads.emplace_back([&] { made.Commit(requests[0]); });
  while (!first_under_way.load()) std::this_thread::yield();
  for (int i = 1; i < 4; ++i) threads.emplace_back([&, i] { made.Commit(requests[i]); });
  for (auto& thread : threads) thread.join();
  CHECK(groups == std::vector<size_t>{1, 3});
  for (const auto& request : requests) CHECK(request.done);
}

TEST_CASE("nobody commits while the engine is held alone") {
  std::atomic<int> inside{0};
  std::atomic<int> met{0};
  std::atomic<int> held{0};
  CommitQueue queue([&](const std::vector<CommitRequest*>&) {
    if (inside.fetch_add(1) != 0) met.fetch_add(1);
    inside.fetch_sub(1);
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        CommitRequest request;
        queue.Commit(request);
      }
    });
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        const CommitQueue::Exclusive exclusive(queue);
        if (inside.fetch_add(1) != 0) met.fetch_add(1);
        held.fetch_add(1);
        inside.fetch_sub(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(met.load() == 0);
  CHECK(held.load() == 1000);
}

}  // namespace
}  // namespace datong::embedded
