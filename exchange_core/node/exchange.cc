// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/accounts.h"
#include "exchange_core/node/catalog_follower.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/delivery_session.h"
#include "exchange_core/node/department_desks.h"
#include "exchange_core/node/engine_health.h"
#include "exchange_core/node/exchange_state.h"
#include "exchange_core/node/housekeeper.h"
#include "exchange_core/node/needed_topics.h"
#include "exchange_core/node/publish_session.h"
#include "exchange_core/node/snapshot_books.h"
#include "exchange_core/node/snapshot_desk.h"
#include "exchange_core/node/writer_identities.h"

namespace datong::node {
namespace {

constexpr int kVerifyAttempts = 5;

class LocalClient final : public client::ExchangeClient {
 public:
  explicit LocalClient(ExchangeState& state) : state_(state) {}

  absl::StatusOr<client::ResourceInfo> DescribeResource(const std::string& resource) override {
    const auto catalog = state_.Catalog();
    const catalog::Resource* found = catalog->FindResource(resource);
    if (found == nullptr) {
      return absl::NotFoundError(absl::StrCat("resource \"", resource, "\" is not in the catalog"));
    }
    const catalog::KeyDomain* domain = catalog->FindKeyDomain(found->key_domain_id);
    DATONG_CHECK(domain != nullptr);
    return client::ResourceInfo{*found->schema, domain->key, found->partitions, found->provider_id};
  }
  absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenPublisher(const std::string& source,
                                                                        const std::string& resource) override {
    return OpenPublishSession(state_, source, resource);
  }
  absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenSubscription(const std::string& subscription) override {
    return OpenDeliverySession(state_, subscription);
  }

 private:
  ExchangeState& state_;
};

class LocalExchange final : public Exchange {
 public:
  explicit LocalExchange(const ExchangeOptions& options)
      : state_(options),
        catalog_follower_(state_),
        client_(state_),
        housekeeper_(state_),
        desk_(state_),
        departments_(state_) {}
  ~LocalExchange() override { StopWorkers(); }

  absl::Status Recover(std::vector<std::string>* warnings);

  absl::Status TakeLead() override { return FenceEarlierSources(state_); }
  absl::Status FollowOthers() override { return catalog_follower_.Follow(); }
  void Start() override;
  void LookAgain() override;
  absl::Status Stop() override;
  absl::Status Health() override;
  absl::Status Trouble() override;
  client::ExchangeClient& client() override { return client_; }
  broker::Broker& broker() override { return *state_.options.broker; }
  std::shared_ptr<const catalog::CatalogTable> catalog() override { return state_.Catalog(); }
  absl::StatusOr<catalog::PlannedChange> ApplyCatalog(std::string_view yaml, const std::string& applied_by,
                                                      bool dry_run) override;
  Books books() override { return ComputeBooks(state_); }
  std::vector<RunBooks> runs() override { return ComputeRuns(state_); }
  std::vector<RequestBooks> requests() override { return departments_.books(); }
  absl::StatusOr<std::vector<SubscriptionLag>> lag() override { return ComputeLag(state_); }
  absl::StatusOr<std::vector<broker::HealthWarning>> EngineHealth() override { return AskEngineHealth(state_); }
  bool caught_up() override;
  uint32_t lanes() const override { return static_cast<uint32_t>(state_.lanes.size()); }
  std::vector<uint32_t> working_lanes() override;
  void InspectLane(uint32_t lane, const std::function<void(const pipeline::LaneView&)>& look) override {
    state_.lanes.at(lane)->Inspect(look);
  }
  absl::Status VerifyIndexAgainstLedger() override;
  std::vector<SnapshotBooks> snapshots() override { return ComputeSnapshots(state_); }
  absl::Status ConfirmSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) override {
    return desk_.Confirm(snapshot, by, why);
  }
  absl::Status RejectSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) override {
    return desk_.Reject(snapshot, by, why);
  }

 private:
  absl::Status CreateOwnTopics();
  absl::Status MakeLanes(std::vector<std::string>* warnings);
  pipeline::LaneOptions LaneOptionsFor(uint32_t lane);
  absl::Status CommitCatalogChange(broker::Writer& writer, const catalog::PlannedChange& planned);
  absl::Status VerifyLane(uint32_t lane);
  void StopWorkers();

  ExchangeState state_;
  CatalogFollower catalog_follower_;
  LocalClient client_;
  Housekeeper housekeeper_;
  SnapshotDesk desk_;
  DepartmentDesks departments_;
  std::mutex apply_mutex_;  // one catalog change at a time
  bool started_ = false;
};

absl::Status LocalExchange::Recover(std::vector<std::string>* warnings) {
  RETURN_IF_ERROR(CreateOwnTopics());
  RETURN_IF_ERROR(catalog_follower_.CatchUp());
  RETURN_IF_ERROR(state_.sources_tail.CatchUp());
  RETURN_IF_ERROR(state_.receipts_tail.CatchUp());
  RETURN_IF_ERROR(desk_.Recover());
  return MakeLanes(warnings);
}

absl::Status LocalExchange::CreateOwnTopics() {
  broker::Broker& broker = *state_.options.broker;
  const auto existing = broker.DescribeTopic(ledger::kLedgerTopic);
  if (existing.ok()) {
    if (state_.options.lanes != 0 && state_.options.lanes != existing->partitions) {
      return absl::FailedPreconditionError(absl::StrCat("this exchange was created with ", existing->partitions,
                                                        " lanes; ", state_.options.lanes,
                                                        " were asked for, and the number can't change"));
    }
    state_.options.lanes = existing->partitions;
  } else if (state_.options.lanes == 0) {
    state_.options.lanes = base::kLanesDefault;
  }
  if (state_.options.lanes > base::kLanesMax) {
    return absl::InvalidArgumentError(absl::StrCat(state_.options.lanes, " lanes; at most ", base::kLanesMax));
  }
  RETURN_IF_ERROR(LedgerWasNotDeleted(broker));
  return CreateTopics(broker, OwnTopics(state_.options.lanes));
}

pipeline::LaneOptions LocalExchange::LaneOptionsFor(uint32_t lane) {
  const ExchangeOptions& from = state_.options;
  pipeline::LaneOptions options;
  options.lane = lane;
  options.lanes = from.lanes;
  options.broker = from.broker;
  options.clock = from.clock;
  options.files = from.files;
  options.steps = from.steps;
  options.checkpoint_directory = state_.CheckpointDirectory();
  options.checkpoints_shared = from.checkpoints_shared;
  options.index_salt = from.random->Next();
  options.checkpoint_records = from.checkpoint_records;
  options.catalog = [this] { return state_.Catalog(); };
  if (from.works_on) {
    options.is_ours = [this, lane] { return state_.options.works_on(lane); };
    options.may_take_over = from.may_take_over;
    options.follow_catalog = [this] { return catalog_follower_.Follow(); };
  }
  options.snapshot_ruling = [this](uint64_t snapshot, uint32_t resource_id) {
    return state_.RulingOf(snapshot, resource_id);
  };
  return options;
}

absl::Status LocalExchange::MakeLanes(std::vector<std::string>* warnings) {
  RETURN_IF_ERROR(state_.options.files->MakeDirectories(state_.CheckpointDirectory()));
  for (uint32_t lane = 0; lane < state_.options.lanes; ++lane) {
    state_.lanes.push_back(std::make_unique<pipeline::Lane>(LaneOptionsFor(lane)));
    RETURN_IF_ERROR(state_.lanes.back()->Recover(false, warnings));
  }
  return absl::OkStatus();
}

void LocalExchange::Start() {
  if (std::exchange(started_, true)) return;
  base::Scheduler* const scheduler = state_.options.scheduler;
  state_.options.broker->SetCommitListener([this](const std::vector<std::string>& topics_written) {
    LookAgain();
    state_.delivery_listeners.Tell(topics_written);
  });
  for (const auto& lane : state_.lanes) scheduler->Add(*lane);
  scheduler->Add(desk_);
  scheduler->Add(housekeeper_);
  if (state_.options.answers_departments) scheduler->Add(departments_);
}

void LocalExchange::LookAgain() {
  state_.WakeLanes();
  state_.options.scheduler->Wake(desk_);
}

void LocalExchange::StopWorkers() {
  if (!std::exchange(started_, false)) return;
  if (state_.options.answers_departments) {
    state_.options.scheduler->Remove(departments_);
    departments_.Stop();
  }
  for (const auto& lane : state_.lanes) state_.options.scheduler->Remove(*lane);
  state_.options.scheduler->Remove(desk_);
  state_.options.scheduler->Remove(housekeeper_);
  state_.options.broker->SetCommitListener(nullptr);
}

absl::Status LocalExchange::Stop() {
  StopWorkers();
  for (const auto& lane : state_.lanes) {
    const absl::Status written = lane->WriteCheckpoint();
    if (absl::IsAborted(written) && state_.options.works_on) continue;  // another process has the lane by now
    RETURN_IF_ERROR(written);
  }
  return absl::OkStatus();
}

std::vector<uint32_t> LocalExchange::working_lanes() {
  std::vector<uint32_t> working;
  for (uint32_t lane = 0; lane < lanes(); ++lane) {
    if (state_.lanes[lane]->works()) working.push_back(lane);
  }
  return working;
}

absl::Status LocalExchange::Health() {
  for (const auto& lane : state_.lanes) {
    if (const absl::Status status = lane->status(); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(std::string(lane->Name()), " stopped: ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status LocalExchange::Trouble() {
  for (const auto& lane : state_.lanes) {
    if (const absl::Status trouble = lane->trouble(); !trouble.ok()) {
      return absl::Status(trouble.code(), absl::StrCat(std::string(lane->Name()), " waits: ", trouble.message()));
    }
  }
  if (const absl::Status trouble = desk_.trouble(); !trouble.ok()) {
    return absl::Status(trouble.code(), absl::StrCat("full dumps can't be decided: ", trouble.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<catalog::PlannedChange> LocalExchange::ApplyCatalog(std::string_view yaml, const std::string& applied_by,
                                                                   bool dry_run) {
  const std::lock_guard lock(apply_mutex_);
  RETURN_IF_ERROR(catalog_follower_.CatchUp());
  std::unique_ptr<broker::Writer> writer;
  while (true) {
    const auto current = state_.Catalog();
    catalog::PlannedChange planned =
        catalog::PlanChange(yaml, *current, state_.options.clock->Now(), applied_by, *state_.options.random);
    if (dry_run || !planned.findings.empty() || planned.framed_change.empty()) return planned;
    if (writer == nullptr) {
      // First the fence, then the look: what others wrote is known by now, and they can write no more.
      ASSIGN_OR_RETURN(writer, state_.options.broker->OpenWriter(kCatalogWriter));
      RETURN_IF_ERROR(catalog_follower_.CatchUp());
      if (state_.Catalog()->version() != current->version()) continue;
    }
    const absl::Status committed = CommitCatalogChange(*writer, planned);
    if (absl::IsUnavailable(committed)) {
      // Whether it landed, the topic says, once nothing of it can be on its way any more.
      ASSIGN_OR_RETURN(writer, state_.options.broker->OpenWriter(kCatalogWriter));
      RETURN_IF_ERROR(catalog_follower_.CatchUp());
      if (state_.Catalog()->version() == current->version()) return committed;
      return planned;
    }
    RETURN_IF_ERROR(committed);
    RETURN_IF_ERROR(catalog_follower_.Follow());
    return planned;
  }
}

// The change, and for each new subscription where its stream stands now: no lane has begun it yet, so what it will
// receive lies behind that place.
absl::Status LocalExchange::CommitCatalogChange(broker::Writer& writer, const catalog::PlannedChange& planned) {
  broker::Broker& broker = *state_.options.broker;
  catalog::CatalogTable next = *state_.Catalog();
  RETURN_IF_ERROR(catalog::ApplyFramed(planned.framed_change, next));
  ASSIGN_OR_RETURN(const auto transaction, writer.Begin());
  transaction->Append({kCatalogTopic, 0}, "", "", broker::Body(planned.framed_change));
  for (const auto& [id, subscription] : next.subscriptions()) {
    if (subscription.since_version != next.version()) continue;
    const catalog::View* view = next.FindView(subscription.view_id);
    if (view == nullptr) continue;
    const auto bounds = broker.Bounds({view->stream_topic(), 0});
    if (!bounds.ok() && !absl::IsNotFound(bounds.status())) return bounds.status();
    exchange::v1::Receipt receipt;
    receipt.set_subscription_id(id);
    receipt.set_time(state_.options.clock->Now());
    receipt.set_stream_next(bounds.ok() ? bounds->end : 0);  // a new view: its stream is made after this
    receipt.set_initial(true);
    transaction->Append({kReceiptsTopic, 0}, "", "", broker::Body(EncodeReceipt(receipt)));
  }
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("catalog.committed");
  return absl::OkStatus();
}

bool LocalExchange::caught_up() {
  const auto catalog = state_.Catalog();
  for (const auto& lane : state_.lanes) {
    bool current = false;
    lane->CatchUp().IgnoreError();
    lane->Inspect([&](const pipeline::LaneView& view) {
      current = view.state.catalog_version == catalog->version() &&
                std::all_of(view.state.subscriptions.begin(), view.state.subscriptions.end(),
                            [](const auto& entry) { return entry.second.started; });
    });
    if (!current) return false;
  }
  for (const SnapshotBooks& one : snapshots()) {
    if (one.state == SnapshotBooks::State::kJudged || one.state == SnapshotBooks::State::kReleasing) return false;
  }
  const Books now = books();
  return now.counted.ok() &&
         std::all_of(now.resources.begin(), now.resources.end(), [](const auto& r) { return r.waiting == 0; }) &&
         std::all_of(now.subscriptions.begin(), now.subscriptions.end(),
                     [](const auto& s) { return s.in_flight == 0; });
}

absl::Status LocalExchange::VerifyLane(uint32_t lane) {
  const auto sequence_of = [](pipeline::Lane& of) {
    uint64_t sequence = 0;
    of.Inspect([&](const pipeline::LaneView& view) { sequence = view.state.head.sequence; });
    return sequence;
  };
  for (int attempt = 0; attempt < kVerifyAttempts; ++attempt) {
    pipeline::Lane rebuilt(LaneOptionsFor(lane));
    const std::string in_use = state_.lanes[lane]->IndexFingerprint();
    const absl::Status replayed = rebuilt.RebuildReadOnly();
    if (absl::IsUnavailable(replayed)) continue;  // it went on meanwhile
    RETURN_IF_ERROR(replayed);
    if (sequence_of(rebuilt) != sequence_of(*state_.lanes[lane])) continue;  // it went on meanwhile
    if (rebuilt.IndexFingerprint() == in_use) return absl::OkStatus();
    if (state_.lanes[lane]->IndexFingerprint() != in_use) continue;
    return absl::DataLossError(absl::StrCat("lane ", lane, ": the index in use differs from the one its ledger makes"));
  }
  return absl::UnavailableError(absl::StrCat("lane ", lane, " is too busy to be compared; try again when less flows"));
}

absl::Status LocalExchange::VerifyIndexAgainstLedger() {
  for (uint32_t lane = 0; lane < lanes(); ++lane) RETURN_IF_ERROR(VerifyLane(lane));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Exchange>> Exchange::Open(const ExchangeOptions& options,
                                                         std::vector<std::string>* warnings) {
  DATONG_CHECK(options.files && options.clock && options.random && options.steps && options.scheduler &&
               options.broker);
  auto exchange = std::make_unique<LocalExchange>(options);
  RETURN_IF_ERROR(exchange->Recover(warnings));
  return exchange;
}

}  // namespace datong::node
