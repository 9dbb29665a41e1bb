// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace datong::tests {

// librdkafka's own imitation of a cluster, in this process: it answers with the errors, and as late, as it is told to.
// It imitates no isolation of transactions: what it keeps proves nothing, what the engine makes of its answers does.
class MockCluster {
 public:
  MockCluster();
  ~MockCluster();

  std::string bootstrap_servers() const;
  void CreateTopic(const std::string& kafka_topic);
  // From now on whoever asks for it is told that there is no such topic.
  void HideTopic(const std::string& kafka_topic);
  // The next requests of this kind (a number of Kafka's protocol) are answered with these errors, one after the other.
  void AnswerWith(int api, const std::vector<int>& errors);
  // The next one is answered as it should be, so much later.
  void AnswerLate(int api, int ms);
  void ForgetErrors(int api);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace datong::tests
