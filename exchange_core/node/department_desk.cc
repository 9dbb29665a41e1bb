// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/department_desk.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <vector>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/connector_yaml.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/delivery_session.h"
#include "exchange_core/node/publish_session.h"
#include "exchange_core/node/receipt_check.h"
#include "exchange_core/node/receipt_writer.h"
#include "exchange_core/node/schema_message.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/record/printable.h"

namespace datong::node {
namespace {

constexpr size_t kRequestBytesMax = size_t{4} << 20;
constexpr broker::ReadLimits kReadLimits{.messages_max = 64, .bytes_max = size_t{8} << 20};
// A connector asks a few times for each publish or delivery, of some thousand records each.
constexpr double kRequestsPerSecond = 50;
constexpr double kRequestsAtOnce = 200;
constexpr double kPriceOfRubbish = 0.05;  // it is only looked at
// What a unit leaves behind in every process, and in the journal, stays: so many names of so many files.
constexpr double kUnitsPerSecond = 5;
constexpr double kUnitsAtOnce = 500;
constexpr size_t kColumnBytesMax = size_t{64} << 10;
constexpr uint64_t kRowsAtOnceMax = 1'000'000'000;
constexpr size_t kSessionsMax = 64;
constexpr size_t kInstancesMax = 64;
constexpr size_t kAnswersPerInstance = 8;
constexpr base::TimeUs kPatienceMax = 60'000'000;
// How far the clocks of a broker and of this machine may be apart before requests are taken for too old.
constexpr base::TimeUs kClocksApart = 60'000'000;
constexpr base::TimeUs kLookWhileAsked = 20'000;
constexpr base::TimeUs kLookElse = 250'000;
constexpr base::TimeUs kAskedFor = 30'000'000;
constexpr base::TimeUs kPauseAfterTrouble = 1'000'000;
constexpr base::TimeUs kDropEvery = 600'000'000;  // answers are kept for as long at least
constexpr size_t kWhyBytesMax = 300;

absl::Status CheckSize(const char* what, size_t bytes, size_t bytes_max) {
  if (bytes <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", bytes, " bytes; at most ", bytes_max));
}

void TellUnit(const client::UnitRun& run, exchange::v1::UnitStanding& into) {
  into.set_run(run.run);
  into.set_file_sequence(run.file_sequence);
  into.set_name(run.name);
  into.set_identity(run.identity);
  into.set_position(run.position);
  into.set_rows_published(run.rows_published);
  into.set_seen_before(run.seen_before);
  into.set_snapshot(run.snapshot);
}

}  // namespace

// Of one connector: a source's, or a subscription's. Neither any longer: another connector has opened the same since.
struct DepartmentDesk::Session {
  std::string connector;
  std::string holds;  // "source X" or "subscription Y"
  uint64_t used = 0;
  std::unique_ptr<client::PublishSession> source;
  std::string publish_topic;
  uint64_t open_run = 0;  // 0: none
  struct Taking {
    SubscriptionFacts facts;
    ReceiptWriter receipts;
    Taking(ExchangeState& state, SubscriptionFacts of)
        : facts(std::move(of)), receipts(state, facts.id, facts.stream_topic) {}
  };
  std::unique_ptr<Taking> subscription;
};

DepartmentDesk::DepartmentDesk(ExchangeState& state, uint32_t department_id, const std::string& department)
    : state_(state),
      department_id_(department_id),
      department_(department),
      name_(absl::StrCat("desk of ", department)),
      writes_as_(DeskWriter(department_id)),
      requests_{RequestsTopic(department_id), 0},
      answers_{AnswersTopic(department_id), 0},
      requests_left_(kRequestsPerSecond, kRequestsAtOnce),
      units_(kUnitsPerSecond, kUnitsAtOnce) {
  books_.department = department;
}

DepartmentDesk::~DepartmentDesk() = default;

RequestBooks DepartmentDesk::books() {
  const std::lock_guard lock(mutex_);
  return books_;
}

void DepartmentDesk::Refuse(const std::string& why) {
  const std::lock_guard lock(mutex_);
  ++books_.refused;
  books_.last_refusal = record::Printable(why, kWhyBytesMax);
}

void DepartmentDesk::Forget() {
  sessions_.clear();
  answered_.clear();
  writer_.reset();
  reader_.reset();
}

base::StepResult DepartmentDesk::Step() {
  const base::TimeUs now = state_.options.clock->Steady();
  if (now < next_look_) return base::StepResult::IdleUntil(next_look_);
  if (!state_.Leads()) {
    Forget();
    next_look_ = now + kLookElse;
    return base::StepResult::IdleUntil(next_look_);
  }
  const absl::StatusOr<bool> busy = Work();
  {
    const std::lock_guard lock(mutex_);
    books_.trouble = busy.ok() ? "" : record::Printable(std::string(busy.status().message()), kWhyBytesMax);
  }
  if (!busy.ok()) {
    Forget();  // what was answered is known to whoever reads the place again
    next_look_ = now + kPauseAfterTrouble;
    return base::StepResult::IdleUntil(next_look_);
  }
  if (*busy) {
    last_asked_ = now;
    return base::StepResult::Busy();
  }
  DropWhatIsAnswered();
  const bool asked = last_asked_ != 0 && now - last_asked_ < kAskedFor;
  next_look_ = now + (asked ? kLookWhileAsked : kLookElse);
  return base::StepResult::IdleUntil(next_look_);
}

// True: there may be more at once.
absl::StatusOr<bool> DepartmentDesk::Work() {
  broker::Broker& broker = *state_.options.broker;
  const base::TimeUs now = state_.options.clock->Steady();
  if (!requests_left_.Has(now)) return false;
  if (reader_ == nullptr) {
    ASSIGN_OR_RETURN(const auto committed, broker.CommittedPosition(writes_as_, requests_));
    ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker.Bounds(requests_));
    ASSIGN_OR_RETURN(reader_, broker.OpenReader(requests_, std::max(committed.value_or(0), bounds.begin)));
  }
  ASSIGN_OR_RETURN(const auto messages, reader_->Poll(kReadLimits));
  if (messages.empty()) return false;
  if (writer_ == nullptr) {
    ASSIGN_OR_RETURN(const bool others_were_further, TakeOver(messages.front().position));
    if (others_were_further) return true;
  }
  std::vector<std::string> answers;
  for (const broker::Message& message : messages) {
    if (!requests_left_.Has(now)) {
      reader_->Seek(message.position);
      break;
    }
    ASSIGN_OR_RETURN(std::optional<std::string> answer, Handle(message));
    requests_left_.Spend(answer ? 1 : kPriceOfRubbish);
    if (answer) answers.push_back(*std::move(answer));
  }
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  for (std::string& answer : answers) transaction->Append(answers_, "", "", broker::Body(std::move(answer)));
  transaction->AdvancePosition(writes_as_, requests_, reader_->next());
  RETURN_IF_ERROR(transaction->Commit());
  return true;
}

// Whoever led before can answer no more; what it did answer since this one has asked is not answered again.
absl::StatusOr<bool> DepartmentDesk::TakeOver(broker::Position first) {
  ASSIGN_OR_RETURN(writer_, state_.options.broker->OpenWriter(writes_as_));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  ASSIGN_OR_RETURN(const auto committed, state_.options.broker->CommittedPosition(writes_as_, requests_));
  if (!committed || *committed <= first) return false;
  reader_->Seek(*committed);
  return true;
}

absl::StatusOr<std::optional<std::string>> DepartmentDesk::Handle(const broker::Message& message) {
  const std::string_view bytes = message.body.bytes();
  if (bytes.size() > kRequestBytesMax) {
    Refuse(absl::StrCat("a request of ", bytes.size(), " bytes; at most ", kRequestBytesMax));
    return std::nullopt;
  }
  const absl::StatusOr<Request> request = DecodeRequest(bytes);
  if (!request.ok() || request->instance() == 0 || request->number() == 0) {
    Refuse(request.ok() ? "a request without a number" : std::string(request.status().message()));
    return std::nullopt;
  }
  if (answered_.size() >= kInstancesMax && !answered_.contains(request->instance())) {
    answered_.erase(std::min_element(answered_.begin(), answered_.end(),
                                     [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  Answered& before = answered_[request->instance()];
  before.used = ++uses_;
  if (const auto known = before.answers.find(request->number()); known != before.answers.end()) return known->second;
  if (request->number() <= before.number) {
    Refuse(absl::StrCat("request ", request->number(), " behind request ", before.number));
    return std::nullopt;
  }
  const base::TimeUs patience = std::clamp<base::TimeUs>(request->patience_us(), 0, kPatienceMax);
  const base::TimeUs age = state_.options.clock->Now() - message.append_time;
  if (age > patience + kClocksApart) {
    Refuse(absl::StrCat("a request that is ", age / 1'000'000, " s old, and is not waited for any longer"));
    return std::nullopt;
  }
  before.number = request->number();
  if (request->has_close_session()) {
    sessions_.erase({request->instance(), request->session()});
    return std::nullopt;
  }
  Answer answer;
  answer.set_instance(request->instance());
  answer.set_number(request->number());
  const absl::Status done = Do(*request, answer);
  // What is refused because another process leads, that one answers: to the department it is no holder's end.
  if (absl::IsAborted(done)) RETURN_IF_ERROR(state_.ConfirmHolder());
  answer.set_status(static_cast<int>(done.code()));
  answer.set_message(std::string(done.message()));
  std::string encoded = EncodeAnswer(answer);
  before.answers[request->number()] = encoded;
  if (before.answers.size() > kAnswersPerInstance) before.answers.erase(before.answers.begin());
  const std::lock_guard lock(mutex_);
  ++books_.answered;
  return encoded;
}

absl::Status DepartmentDesk::Do(const Request& request, Answer& answer) {
  const auto catalog = state_.Catalog();
  const catalog::Department* department = catalog->FindDepartment(department_id_);
  if (department == nullptr || department->kafka_user.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat("department \"", department_, "\" has no user of its own any longer"));
  }
  switch (request.what_case()) {
    case Request::kDescribeResource:
      return DescribeResource(request, answer);
    case Request::kOpenSource:
      return OpenSource(request, answer);
    case Request::kOpenSubscription:
      return OpenSubscription(request, answer);
    case Request::WHAT_NOT_SET:
      return absl::UnimplementedError("this exchange does not know what is asked; it may be older than the connector");
    default:
      break;
  }
  ASSIGN_OR_RETURN(Session* const session, Find(request, answer));
  if (session->source != nullptr) {
    if (request.has_begin_unit()) return BeginUnit(request, *session, answer);
    if (request.has_record_progress()) return RecordProgress(request, *session);
    if (request.has_end_unit()) return EndUnit(request, *session);
  } else {
    RETURN_IF_ERROR(session->subscription->receipts.Settle());
    if (request.has_look_at_subscription()) {
      RETURN_IF_ERROR(MayHandOut(state_, *catalog, session->subscription->facts.id));
      return Tell(*session, answer);
    }
    // What was handed out may be acknowledged, also when no more will be.
    if (request.has_acknowledge()) return Acknowledge(request, *session);
  }
  return absl::InvalidArgumentError("the request is not about what its session has opened");
}

// The catalog says which connectors a department runs, so that no department takes another's name, nobody can make the
// exchange remember sources without end, and none of the catalog's own runs at the leader as well.
absl::Status DepartmentDesk::CheckConnector(const catalog::CatalogTable& catalog, const std::string& connector,
                                            bool sink, const std::string& target) {
  const catalog::Connector* found = catalog.FindConnector(connector);
  const std::string entry = absl::StrCat("{name: ", connector, ", kind: ", catalog::kAgencyConnector, ", ",
                                         sink ? "sink: {subscription: " : "source: {resource: ", target, "}}");
  if (found == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat("the catalog knows no connector \"", connector,
                                                    "\"; who keeps it must add under connectors: ", entry));
  }
  if (found->kind != catalog::kAgencyConnector) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the exchange runs connector \"", connector, "\" itself (kind ", found->kind,
        "); who keeps the catalog must retire it there and then add: ", entry, ", or this one needs another name"));
  }
  if (found->sink == sink && (sink ? found->subscription : found->resource) == target) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("in the catalog connector \"", connector, "\" is a ",
                                                  found->sink ? "sink of subscription \"" : "source of resource \"",
                                                  found->sink ? found->subscription : found->resource, "\""));
}

absl::Status DepartmentDesk::DescribeResource(const Request& request, Answer& answer) {
  const auto catalog = state_.Catalog();
  const std::string& name = request.describe_resource().resource();
  const catalog::Resource* resource = catalog->FindResource(name);
  // Of another department's resource not even that it exists.
  if (resource == nullptr || resource->provider_id != department_id_) {
    return absl::PermissionDeniedError(
        absl::StrCat("department \"", department_, "\" provides no resource \"", name, "\""));
  }
  RETURN_IF_ERROR(CheckConnector(*catalog, request.connector(), false, name));
  const catalog::KeyDomain* domain = catalog->FindKeyDomain(resource->key_domain_id);
  DATONG_CHECK(domain != nullptr);
  auto* told = answer.mutable_resource();
  ToMessage(*resource->schema, *told->mutable_schema());
  told->set_digest_key_id(domain->key.id);
  told->set_digest_key(std::string(domain->key.secret.begin(), domain->key.secret.end()));
  told->set_partitions(resource->partitions);
  told->set_provider_id(resource->provider_id);
  return absl::OkStatus();
}

DepartmentDesk::Session& DepartmentDesk::Keep(const Request& request, std::string holds) {
  if (sessions_.size() >= kSessionsMax) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                     [](const auto& a, const auto& b) { return a.second->used < b.second->used; }));
  }
  for (auto& [asker, session] : sessions_) {
    if (session->holds != holds) continue;
    session->source.reset();
    session->subscription.reset();
  }
  auto& session = sessions_[{request.instance(), request.number()}];
  session = std::make_unique<Session>();
  session->connector = request.connector();
  session->holds = std::move(holds);
  session->used = ++uses_;
  return *session;
}

absl::Status DepartmentDesk::CheckStillHolds(const Request& request, const std::string& holds) {
  for (const auto& [asker, session] : sessions_) {
    const bool alive = session->source != nullptr || session->subscription != nullptr;
    if (alive && session->holds == holds && asker.first != request.instance()) {
      return absl::AbortedError(absl::StrCat(holds, " was opened by another process since"));
    }
  }
  return absl::OkStatus();
}

absl::Status DepartmentDesk::CheckSourceStands(const Request& request) {
  RETURN_IF_ERROR(state_.sources_tail.CatchUp());
  const auto& asked = request.open_source();
  const std::lock_guard lock(state_.tables);
  const SourceState* source = state_.sources.Find(request.connector());
  if (source == nullptr) return absl::OkStatus();
  const SourceRun* open = source->open_run == 0 ? nullptr : &state_.sources.runs().at(source->open_run);
  const bool at_a_place = std::any_of(asked.places().begin(), asked.places().end(), [&](const auto& place) {
    return place.run() == source->open_run && place.position() == source->position &&
           place.rows() == (open == nullptr ? 0 : open->rows_published);
  });
  // The unit was begun, or no more than the one before it was ended for its sake; neither moves the position.
  const bool same_position = std::any_of(asked.places().begin(), asked.places().end(),
                                         [&](const auto& place) { return place.position() == source->position; });
  const bool begun = asked.has_may_have_begun() && same_position &&
                     (open == nullptr || (open->name == asked.may_have_begun().name() && open->rows_published == 0 &&
                                          open->identity == asked.may_have_begun().identity() &&
                                          open->bytes_total == asked.may_have_begun().bytes_total()));
  if (at_a_place || begun) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("source \"", source->name, "\": another process has published under this name since"));
}

absl::Status DepartmentDesk::OpenSource(const Request& request, Answer& answer) {
  const auto catalog = state_.Catalog();
  const std::string& name = request.open_source().resource();
  const catalog::Resource* resource = catalog->FindResource(name);
  if (resource == nullptr || resource->provider_id != department_id_) {
    return absl::PermissionDeniedError(
        absl::StrCat("department \"", department_, "\" provides no resource \"", name, "\""));
  }
  RETURN_IF_ERROR(CheckConnector(*catalog, request.connector(), false, name));
  const std::string holds = absl::StrCat("source ", request.connector());
  if (request.open_source().again()) {
    RETURN_IF_ERROR(CheckStillHolds(request, holds));
    RETURN_IF_ERROR(CheckSourceStands(request));
  }
  Session& kept = Keep(request, holds);
  auto source = OpenPublishSession(state_, request.connector(), name);
  if (!source.ok()) {
    sessions_.erase({request.instance(), request.number()});
    return source.status();
  }
  kept.source = *std::move(source);
  kept.publish_topic = resource->publish_topic();
  auto* told = answer.mutable_source();
  told->set_source_id(kept.source->source_id());
  told->set_position(kept.source->position());
  told->set_publish_topic(kept.publish_topic);
  told->set_late_identity(true);
  if (const auto& unfinished = kept.source->unfinished(); unfinished) {
    kept.open_run = unfinished->run;
    TellUnit(*unfinished, *told->mutable_unfinished());
  }
  return absl::OkStatus();
}

absl::Status DepartmentDesk::OpenSubscription(const Request& request, Answer& answer) {
  const auto catalog = state_.Catalog();
  const std::string& name = request.open_subscription().subscription();
  const catalog::Subscription* subscription = catalog->FindSubscription(name);
  const catalog::Grant* grant = subscription == nullptr ? nullptr : catalog->FindGrant(subscription->grant_id);
  if (grant == nullptr || grant->department_id != department_id_) {
    return absl::PermissionDeniedError(
        absl::StrCat("department \"", department_, "\" has no subscription \"", name, "\""));
  }
  RETURN_IF_ERROR(CheckConnector(*catalog, request.connector(), true, name));
  RETURN_IF_ERROR(MayHandOut(state_, *catalog, subscription->id));
  ASSIGN_OR_RETURN(SubscriptionFacts facts, FactsOf(*catalog, name));
  const std::string holds = absl::StrCat("subscription ", name);
  if (const auto& asked = request.open_subscription(); asked.again()) {
    RETURN_IF_ERROR(CheckStillHolds(request, holds));
    RETURN_IF_ERROR(state_.receipts_tail.CatchUp());
    const uint64_t stands = PositionOf(state_.ReceiptOf(facts.id));
    if (std::find(asked.places().begin(), asked.places().end(), stands) == asked.places().end()) {
      return absl::AbortedError(absl::StrCat(holds, ": another process has acknowledged deliveries of it since"));
    }
  }
  Session& kept = Keep(request, holds);
  kept.subscription = std::make_unique<Session::Taking>(state_, std::move(facts));
  if (const absl::Status settled = kept.subscription->receipts.Settle(); !settled.ok()) {
    sessions_.erase({request.instance(), request.number()});
    return settled;
  }
  ToMessage(kept.subscription->facts.schema, *answer.mutable_subscription()->mutable_schema());
  return Tell(kept, answer);
}

absl::Status DepartmentDesk::Tell(Session& session, Answer& answer) {
  const SubscriptionFacts& facts = session.subscription->facts;
  const ReceiptState& receipt = session.subscription->receipts.acknowledged();
  auto* told = answer.mutable_subscription();
  told->set_subscription_id(facts.id);
  told->set_stream_topic(facts.stream_topic);
  told->set_identity(facts.identity);
  told->set_again_next(receipt.again_next);
  told->set_stream_next(receipt.stream_next);
  told->set_in_stream(receipt.in_stream);
  told->set_any(receipt.any);
  told->set_refused_total(receipt.refused_total);
  const auto catalog = state_.Catalog();
  const catalog::Resource* resource = catalog->FindResource(facts.resource_id);
  if (resource == nullptr) return absl::OkStatus();
  const LaneStarts starts = LaneStartsOf(state_, facts.id, *resource);
  for (uint32_t number = 0; number < state_.lanes.size(); ++number) {
    const auto start = starts.find(number);
    const auto taken = receipt.lanes.find(number);
    if (start == starts.end() && taken == receipt.lanes.end()) continue;
    auto* lane = told->add_lanes();
    lane->set_lane(number);
    if (start != starts.end()) {
      lane->set_start_sequence(start->second.start_sequence);
      lane->set_sent_again(start->second.sent_again);
    }
    if (taken != receipt.lanes.end()) {
      lane->set_acknowledged(true);
      lane->set_again_next_sequence(taken->second.again_next_sequence);
      lane->set_stream_next_sequence(taken->second.stream_next_sequence);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<DepartmentDesk::Session*> DepartmentDesk::Find(const Request& request, Answer& answer) {
  const auto found = sessions_.find({request.instance(), request.session()});
  if (found == sessions_.end()) {
    answer.set_session_unknown(true);
    return absl::UnavailableError("whoever leads the exchange now does not know this session; it is opened anew");
  }
  Session& session = *found->second;
  session.used = ++uses_;
  if (session.source == nullptr && session.subscription == nullptr) {
    return absl::AbortedError(absl::StrCat(session.holds, " was opened by another process since"));
  }
  const auto catalog = state_.Catalog();
  if (session.source == nullptr) return &session;  // the subscription speaks for itself
  const catalog::Connector* connector = catalog->FindConnector(session.connector);
  if (connector == nullptr || connector->kind != catalog::kAgencyConnector) {
    return absl::PermissionDeniedError(absl::StrCat("connector \"", session.connector,
                                                    "\" is no connector of a department in the catalog any longer"));
  }
  return &session;
}

absl::Status DepartmentDesk::BeginUnit(const Request& request, Session& session, Answer& answer) {
  const auto& asked = request.begin_unit();
  size_t column_bytes = 0;
  for (const std::string& column : asked.columns()) column_bytes += column.size();
  RETURN_IF_ERROR(CheckSize("the name of the unit", asked.name().size(), base::kNameBytesMax));
  RETURN_IF_ERROR(CheckSize("the identity of the unit", asked.identity().size(), base::kNameBytesMax));
  RETURN_IF_ERROR(CheckSize("the list of columns", column_bytes, kColumnBytesMax));
  if (!units_.Has(state_.options.clock->Steady())) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the department has begun more than ", kUnitsPerSecond, " files a second; the source waits"));
  }
  client::UnitDeclaration unit;
  unit.name = asked.name();
  unit.identity = asked.identity();
  unit.bytes_total = asked.bytes_total();
  unit.full = asked.full();
  unit.as_new = asked.as_new();
  unit.as_of = asked.as_of();
  unit.as_of_from_items = asked.as_of_from_items();
  unit.columns.assign(asked.columns().begin(), asked.columns().end());
  const absl::StatusOr<client::UnitRun> begun = session.source->BeginUnit(unit);
  if (!begun.ok() || begun->run != 0) units_.Spend(1);
  RETURN_IF_ERROR(begun.status());
  const client::UnitRun& run = *begun;
  if (run.run != 0) session.open_run = run.run;
  TellUnit(run, *answer.mutable_unit());
  return absl::OkStatus();
}

absl::Status DepartmentDesk::RecordProgress(const Request& request, Session& session) {
  const auto& asked = request.record_progress();
  RETURN_IF_ERROR(CheckSize("the position", asked.position().size(), base::kNameBytesMax));
  if (asked.rows() > kRowsAtOnceMax) return absl::InvalidArgumentError("so many rows are not published at once");
  if (session.open_run == 0 || asked.run() != session.open_run) {
    return absl::FailedPreconditionError(absl::StrCat("run ", asked.run(), " is not the one that is open"));
  }
  return session.source->Publish({}, asked.position(), asked.rows());
}

absl::Status DepartmentDesk::EndUnit(const Request& request, Session& session) {
  const auto& asked = request.end_unit();
  RETURN_IF_ERROR(CheckSize("the position", asked.position().size(), base::kNameBytesMax));
  RETURN_IF_ERROR(CheckSize("the identity of the unit", asked.identity().size(), base::kNameBytesMax));
  if (asked.run() != session.open_run) {
    return absl::FailedPreconditionError(absl::StrCat("run ", asked.run(), " is not the one that is open"));
  }
  RETURN_IF_ERROR(session.source->EndUnit(asked.position(), asked.complete(), asked.failure(), asked.identity()));
  session.open_run = 0;
  return absl::OkStatus();
}

absl::Status DepartmentDesk::Acknowledge(const Request& request, Session& session) {
  const auto& asked = request.acknowledge();
  const SubscriptionFacts& facts = session.subscription->facts;
  ReceiptWriter& receipts = session.subscription->receipts;
  if (asked.next_position() <= PositionOf(receipts.acknowledged())) return absl::OkStatus();  // it had landed
  ReceiptState now = receipts.acknowledged();
  now.any = true;
  now.in_stream = (asked.next_position() & kInStream) != 0;
  (now.in_stream ? now.stream_next : now.again_next) = asked.next_position() & ~kInStream;
  for (const auto& lane : asked.lanes()) {
    now.lanes[lane.lane()] = {lane.again_next_sequence(), lane.stream_next_sequence()};
  }
  std::vector<client::RefusedDelivery> refused;
  for (const auto& one : asked.refused()) refused.push_back({one.lane(), one.sequence(), one.reason()});
  RETURN_IF_ERROR(CheckReceipt(state_, facts, receipts.acknowledged(), now, refused.size()));
  return receipts.Write(std::move(now), refused);
}

void DepartmentDesk::DropWhatIsAnswered() {
  const base::TimeUs now = state_.options.clock->Steady();
  if (reader_ == nullptr || writer_ == nullptr || now < drop_at_) return;
  drop_at_ = now + kDropEvery;
  // Space that does not come back now comes back the next time.
  broker::Broker& broker = *state_.options.broker;
  broker.DropBefore(requests_, reader_->next()).IgnoreError();
  broker.DropBefore(answers_, answers_before_).IgnoreError();
  if (const auto bounds = broker.Bounds(answers_); bounds.ok()) answers_before_ = bounds->end;
}

}  // namespace datong::node
