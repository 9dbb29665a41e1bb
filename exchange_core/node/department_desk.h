// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/allowance.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::exchange::v1 {
class DepartmentRequest;
class DepartmentAnswer;
}  // namespace datong::exchange::v1

namespace datong::node {

// Answers what connectors at one department ask, while this process leads: opens for them the sessions that a connector
// of the catalog would have, after it has looked whether they are the department's to have.
//
// What stands in the requests' topic is somebody else's. What cannot be read, is too large or concerns another
// department has no effect and is counted; requests are taken at a bounded rate, so that who floods the topic waits
// behind his own flood and nobody else does: each department has a desk, and each desk a thread.
//
// An answer and the place behind its request are one commit. What a request did stands in the journal or the receipts
// before that; a leader that dies in between leaves a request that the next one reads again. That one knows no session,
// says so, and the connector opens it anew and sees in the answer what became of the request. A worker.
class DepartmentDesk final : public base::Worker {
 public:
  // `state` outlives it.
  DepartmentDesk(ExchangeState& state, uint32_t department_id, const std::string& department);
  ~DepartmentDesk() override;

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;
  RequestBooks books();  // thread-safe

 private:
  using Request = exchange::v1::DepartmentRequest;
  using Answer = exchange::v1::DepartmentAnswer;
  using Asker = std::pair<uint64_t, uint64_t>;  // instance, and number of a request or of the session it opened
  struct Session;

  absl::StatusOr<bool> Work();
  absl::StatusOr<bool> TakeOver(broker::Position first);
  // What answering it appends; nothing: it is passed over. Aborted: another process leads.
  absl::StatusOr<std::optional<std::string>> Handle(const broker::Message& message);
  void Refuse(const std::string& why);
  absl::Status Do(const Request& request, Answer& answer);
  absl::Status DescribeResource(const Request& request, Answer& answer);
  absl::Status OpenSource(const Request& request, Answer& answer);
  absl::Status OpenSubscription(const Request& request, Answer& answer);
  absl::Status BeginUnit(const Request& request, Session& session, Answer& answer);
  absl::Status RecordProgress(const Request& request, Session& session);
  absl::Status EndUnit(const Request& request, Session& session);
  absl::Status Acknowledge(const Request& request, Session& session);
  absl::Status Tell(Session& session, Answer& answer);
  absl::StatusOr<Session*> Find(const Request& request, Answer& answer);
  Session& Keep(const Request& request, std::string holds);
  // Aborted: who opens this again is not the one who has it.
  absl::Status CheckStillHolds(const Request& request, const std::string& holds);
  absl::Status CheckSourceStands(const Request& request);
  absl::Status CheckConnector(const catalog::CatalogTable& catalog, const std::string& connector, bool sink,
                              const std::string& target);
  void Forget();
  void DropWhatIsAnswered();

  ExchangeState& state_;
  const uint32_t department_id_;
  const std::string department_;
  const std::string name_;
  const std::string writes_as_;
  const broker::TopicPartition requests_;
  const broker::TopicPartition answers_;
  std::unique_ptr<broker::Reader> reader_;  // null: where to go on is to be asked
  std::unique_ptr<broker::Writer> writer_;  // null: nothing was answered yet since this process leads
  std::map<Asker, std::unique_ptr<Session>> sessions_;
  uint64_t uses_ = 0;  // of sessions: the least lately used one goes first

  struct Answered {
    uint64_t number = 0;  // highest
    std::map<uint64_t, std::string> answers;
    uint64_t used = 0;
  };
  std::map<uint64_t, Answered> answered_;  // by instance

  base::TimeUs next_look_ = 0;   // steady
  base::TimeUs last_asked_ = 0;  // steady: when somebody asked something last
  Allowance requests_left_, units_;
  base::TimeUs drop_at_ = 0;  // steady
  broker::Position answers_before_ = 0;

  std::mutex mutex_;
  RequestBooks books_;  // guarded by mutex_
};

}  // namespace datong::node
