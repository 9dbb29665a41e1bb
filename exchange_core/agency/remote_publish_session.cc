// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/agency/remote_publish_session.h"

#include <absl/strings/str_cat.h>

#include <optional>
#include <utility>
#include <vector>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/base/status_macros.h"

namespace datong::agency {
namespace {

using exchange::v1::DepartmentAnswer;
using exchange::v1::DepartmentRequest;

client::UnitRun RunOf(const exchange::v1::UnitStanding& told) {
  client::UnitRun run;
  run.run = told.run();
  run.file_sequence = told.file_sequence();
  run.name = told.name();
  run.identity = told.identity();
  run.position = told.position();
  run.rows_published = told.rows_published();
  run.seen_before = told.seen_before();
  run.snapshot = told.snapshot();
  return run;
}

// Where the journal says that a source stands.
struct Standing {
  std::string position;
  std::optional<client::UnitRun> open;  // its own position is `position`

  uint64_t run() const { return open ? open->run : 0; }
  uint64_t rows() const { return open ? open->rows_published : 0; }
};

bool Same(const Standing& a, const Standing& b) {
  return a.run() == b.run() && a.rows() == b.rows() && a.position == b.position;
}

class RemotePublishSession final : public client::PublishSession {
 public:
  RemotePublishSession(RequestLine& line, std::string resource) : line_(line), resource_(std::move(resource)) {}
  ~RemotePublishSession() override {
    if (session_ == 0) return;
    DepartmentRequest request;
    request.set_session(session_);
    request.mutable_close_session();
    line_.Tell(std::move(request));
  }

  uint32_t source_id() const override { return source_id_; }
  const std::optional<client::UnitRun>& unfinished() const override { return unfinished_; }
  const std::string& position() const override { return stands_.position; }

  absl::Status Open();
  absl::StatusOr<client::UnitRun> BeginUnit(const client::UnitDeclaration& unit) override;
  absl::Status Publish(std::vector<client::PublishBatch> batches, const std::string& position, uint64_t rows) override;
  absl::Status EndUnit(const std::string& position, bool complete, const std::string& failure,
                       const std::string& identity) override;
  void WhichAreHeld(uint32_t, const record::RecordClaims& rows, std::vector<uint32_t>& entries) override {
    entries.assign(rows.size(), kNotHeld);
  }

 private:
  // A request that would have made the source stand there.
  struct Doubted {
    DepartmentRequest request;
    Standing then;
  };

  absl::StatusOr<Standing> OpenAtExchange(bool again);
  // Before anything is asked: opens the session again when what became of the last request is unknown, or when whoever
  // leads now does not know it. The journal says where the source stands then: where it stood, or behind the request.
  // Anywhere else, and another process has published as this source.
  absl::Status Settle();
  bool HasLanded(const Standing& found) const;
  // Asks; OK: it is done, and the source stands at `then`.
  absl::StatusOr<DepartmentAnswer> Ask(DepartmentRequest request, const Standing& then);

  RequestLine& line_;
  const std::string resource_;
  uint64_t session_ = 0;  // 0: to be opened
  uint32_t source_id_ = 0;
  std::string publish_topic_;
  bool late_identity_ = false;  // whoever leads lets a unit begin without one
  Standing stands_;             // as last confirmed
  std::optional<client::UnitRun> unfinished_;
  std::optional<Doubted> doubted_;
  std::optional<Doubted> landed_;  // was doubted, and did land: whoever asks for it again has it already
  // Batches of this position are in the topic: only the journal is to be told.
  std::optional<std::pair<std::string, uint64_t>> appended_;
};

absl::StatusOr<Standing> RemotePublishSession::OpenAtExchange(bool again) {
  DepartmentRequest request;
  auto* asked = request.mutable_open_source();
  asked->set_resource(resource_);
  asked->set_again(again);
  const auto add = [&](const Standing& standing) {
    auto* place = asked->add_places();
    place->set_run(standing.run());
    place->set_rows(standing.rows());
    place->set_position(standing.position);
  };
  if (again) add(stands_);
  if (again && doubted_) {
    if (doubted_->request.has_begin_unit()) {
      *asked->mutable_may_have_begun() = doubted_->request.begin_unit();
    } else {
      add(doubted_->then);
    }
  }
  uint64_t number = 0;
  ASSIGN_OR_RETURN(const auto answer, line_.Ask(std::move(request), &number));
  RETURN_IF_ERROR(StatusOf(answer));
  const auto& told = answer.source();
  session_ = number;
  source_id_ = told.source_id();
  publish_topic_ = told.publish_topic();
  late_identity_ = told.late_identity();
  Standing found;
  found.position = told.position();
  if (told.has_unfinished()) found.open = RunOf(told.unfinished());
  return found;
}

absl::Status RemotePublishSession::Open() {
  ASSIGN_OR_RETURN(stands_, OpenAtExchange(false));
  unfinished_ = stands_.open;
  return absl::OkStatus();
}

bool RemotePublishSession::HasLanded(const Standing& found) const {
  const Standing& then = doubted_->then;
  if (!doubted_->request.has_begin_unit()) return Same(found, then);
  return found.open && found.run() > stands_.run() && found.position == stands_.position &&
         found.open->name == then.open->name && found.open->identity == then.open->identity && found.rows() == 0;
}

absl::Status RemotePublishSession::Settle() {
  if (session_ != 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(Standing found, OpenAtExchange(true));
  // To begin a unit may have ended the one before, and have come no further.
  const bool only_ended =
      doubted_ && doubted_->request.has_begin_unit() && !found.open && found.position == stands_.position;
  if (doubted_ && HasLanded(found)) {
    doubted_->then = found;
    landed_ = std::move(doubted_);
  } else if (!Same(found, stands_) && !only_ended) {
    session_ = 0;
    return absl::AbortedError(absl::StrCat("source \"", line_.options().connector,
                                           "\": another process has published under this name since"));
  }
  doubted_.reset();
  stands_ = std::move(found);
  return absl::OkStatus();
}

absl::StatusOr<DepartmentAnswer> RemotePublishSession::Ask(DepartmentRequest request, const Standing& then) {
  request.set_session(session_);
  auto answer = line_.Ask(request);
  if (!answer.ok() || answer->session_unknown()) session_ = 0;
  // Also what was answered with trouble: the exchange may be in doubt itself.
  doubted_ = Doubted{std::move(request), then};
  RETURN_IF_ERROR(answer.status());
  RETURN_IF_ERROR(StatusOf(*answer));
  doubted_.reset();
  stands_ = then;
  return answer;
}

absl::StatusOr<client::UnitRun> RemotePublishSession::BeginUnit(const client::UnitDeclaration& unit) {
  RETURN_IF_ERROR(Settle());
  appended_.reset();
  unfinished_.reset();
  if (const auto landed = std::exchange(landed_, std::nullopt); landed && landed->request.has_begin_unit() &&
                                                                landed->then.open->name == unit.name &&
                                                                landed->then.open->identity == unit.identity) {
    return *stands_.open;
  }
  if (unit.identity.empty() && !late_identity_) return client::UnitRun{};
  DepartmentRequest request;
  auto* asked = request.mutable_begin_unit();
  asked->set_name(unit.name);
  asked->set_identity(unit.identity);
  asked->set_bytes_total(unit.bytes_total);
  asked->set_full(unit.full);
  asked->set_as_new(unit.as_new);
  asked->set_as_of(unit.as_of);
  asked->set_as_of_from_items(unit.as_of_from_items);
  for (const std::string& column : unit.columns) asked->add_columns(column);
  Standing then{stands_.position, client::UnitRun{}};
  then.open->name = unit.name;
  then.open->identity = unit.identity;
  const Standing before = stands_;
  ASSIGN_OR_RETURN(const auto answer, Ask(std::move(request), then));
  const client::UnitRun run = RunOf(answer.unit());
  if (run.run == 0) {
    stands_ = before;
  } else {
    stands_.open = run;
  }
  return run;
}

absl::Status RemotePublishSession::Publish(std::vector<client::PublishBatch> batches, const std::string& position,
                                           uint64_t rows) {
  RETURN_IF_ERROR(Settle());
  if (const auto landed = std::exchange(landed_, std::nullopt);
      landed && landed->request.has_record_progress() && landed->request.record_progress().position() == position) {
    return absl::OkStatus();
  }
  if (!stands_.open) return absl::FailedPreconditionError("no unit is open: BeginUnit comes first");
  Standing then = stands_;
  then.position = position;
  then.open->position = position;
  then.open->rows_published += rows;
  if (const std::pair place(position, then.rows()); appended_ != place) {
    std::vector<broker::Appender::Outgoing> messages;
    for (client::PublishBatch& batch : batches) {
      messages.push_back({{publish_topic_, batch.partition}, std::move(batch.bytes)});
    }
    RETURN_IF_ERROR(WithNextStep(line_.options().appender->Append(std::move(messages))));
    appended_ = place;
  }
  DepartmentRequest request;
  request.mutable_record_progress()->set_run(stands_.run());
  request.mutable_record_progress()->set_position(position);
  request.mutable_record_progress()->set_rows(rows);
  return Ask(std::move(request), then).status();
}

absl::Status RemotePublishSession::EndUnit(const std::string& position, bool complete, const std::string& failure,
                                           const std::string& identity) {
  RETURN_IF_ERROR(Settle());
  if (const auto landed = std::exchange(landed_, std::nullopt); landed && landed->request.has_end_unit()) {
    return absl::OkStatus();
  }
  if (!stands_.open) return absl::FailedPreconditionError("no unit is open");
  DepartmentRequest request;
  request.mutable_end_unit()->set_run(stands_.run());
  request.mutable_end_unit()->set_position(position);
  request.mutable_end_unit()->set_complete(complete);
  request.mutable_end_unit()->set_failure(failure);
  request.mutable_end_unit()->set_identity(identity);
  unfinished_.reset();
  appended_.reset();
  return Ask(std::move(request), Standing{position, std::nullopt}).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenRemotePublishSession(RequestLine& line,
                                                                                 const std::string& resource) {
  auto session = std::make_unique<RemotePublishSession>(line, resource);
  RETURN_IF_ERROR(session->Open());
  return session;
}

}  // namespace datong::agency
