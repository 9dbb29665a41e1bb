// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::tests {

// An exchange of one resource and one subscription in memory: it keeps what was published and hands out what a test put
// in. What it "made durable" outlives sessions, as a real one's would; `fail_next` is what the next calls answer.
class FakeExchange final : public client::ExchangeClient {
 public:
  client::ResourceInfo resource;
  std::vector<record::RecordBatch> published;  // decoded
  std::string position;                        // after the last ended unit
  std::optional<client::UnitRun> unfinished;
  std::vector<client::UnitDeclaration> declared;               // as BeginUnit was told
  std::vector<std::pair<client::UnitRun, std::string>> ended;  // with failure, "" = complete
  std::vector<client::Delivery> stream;                        // positions increasing
  std::string identity = "fake";
  uint64_t acknowledged = 0;  // next position
  std::vector<client::RefusedDelivery> refused;
  bool asks_for_identity = false;         // of a unit that is declared without
  bool holds_everything = false;          // whatever WhichAreHeld asks for
  std::vector<record::RecordClaim> held;  // what it said so of, by entry
  std::vector<absl::Status> fail_next;    // taken from the front by Publish, EndUnit, BeginUnit, Fetch, Acknowledge

  absl::StatusOr<client::ResourceInfo> DescribeResource(const std::string&) override { return resource; }
  absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenPublisher(const std::string&,
                                                                        const std::string&) override {
    return std::make_unique<Publisher>(*this);
  }
  absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenSubscription(const std::string&) override {
    return std::make_unique<Subscriber>(*this);
  }

 private:
  absl::Status TakeFailure() {
    if (fail_next.empty()) return absl::OkStatus();
    absl::Status failure = fail_next.front();
    fail_next.erase(fail_next.begin());
    return failure;
  }

  class Publisher final : public client::PublishSession {
   public:
    explicit Publisher(FakeExchange& exchange)
        : exchange_(exchange), unfinished_(exchange.unfinished), position_(exchange.position) {}
    uint32_t source_id() const override { return 7; }
    const std::optional<client::UnitRun>& unfinished() const override { return unfinished_; }
    const std::string& position() const override { return position_; }
    absl::StatusOr<client::UnitRun> BeginUnit(const client::UnitDeclaration& unit) override {
      if (absl::Status failure = exchange_.TakeFailure(); !failure.ok()) return failure;
      client::UnitRun run;
      if (unit.identity.empty() && exchange_.asks_for_identity) return run;
      if (const auto& open = exchange_.unfinished;
          open && open->name == unit.name && open->identity == unit.identity && open->rows_published == 0) {
        return *open;
      }
      if (exchange_.unfinished) exchange_.ended.push_back({*exchange_.unfinished, "given up"});
      run.run = exchange_.ended.size() + 1;
      run.file_sequence = static_cast<uint32_t>(run.run);
      run.name = unit.name;
      run.identity = unit.identity;
      run.snapshot = unit.full;
      run.may_leave_out = unit.full;
      exchange_.declared.push_back(unit);
      exchange_.unfinished = run;
      return run;
    }
    absl::Status Publish(std::vector<client::PublishBatch> batches, const std::string& position,
                         uint64_t rows) override {
      if (absl::Status failure = exchange_.TakeFailure(); !failure.ok()) return failure;
      if (!exchange_.unfinished) return absl::FailedPreconditionError("no unit is open");
      uint64_t counted = 0;
      for (const client::PublishBatch& batch : batches) {
        record::RecordBatch decoded;
        if (absl::Status status = record::DecodeBatch(batch.bytes, decoded); !status.ok()) return status;
        counted += decoded.size();
        exchange_.published.push_back(std::move(decoded));
      }
      if (counted != rows) return absl::InternalError("rows do not add up");
      exchange_.unfinished->position = position;
      exchange_.unfinished->rows_published += rows;
      return absl::OkStatus();
    }
    absl::Status EndUnit(const std::string& position, bool complete, const std::string& failure,
                         const std::string& identity) override {
      if (absl::Status status = exchange_.TakeFailure(); !status.ok()) return status;
      if (!identity.empty()) exchange_.unfinished->identity = identity;
      exchange_.ended.push_back({*exchange_.unfinished, complete ? "" : failure});
      exchange_.unfinished.reset();
      exchange_.position = position;
      return absl::OkStatus();
    }
    void WhichAreHeld(uint32_t, const record::RecordClaims& claims, std::vector<uint32_t>& entries) override {
      entries.assign(claims.size(), kNotHeld);
      for (size_t i = 0; exchange_.holds_everything && i < claims.size(); ++i) {
        entries[i] = static_cast<uint32_t>(exchange_.held.size());
        exchange_.held.push_back(claims.at(i));
      }
    }

   private:
    FakeExchange& exchange_;
    std::optional<client::UnitRun> unfinished_;
    std::string position_;
  };

  class Subscriber final : public client::DeliverySession {
   public:
    explicit Subscriber(FakeExchange& exchange) : exchange_(exchange) {}
    const record::RecordSchema& schema() const override { return exchange_.resource.schema; }
    std::string identity() const override { return exchange_.identity; }
    uint64_t next_position() const override { return exchange_.acknowledged; }
    absl::StatusOr<Fetched> Fetch(size_t records_max) override {
      if (absl::Status failure = exchange_.TakeFailure(); !failure.ok()) return failure;
      Fetched fetched;
      fetched.next_position = exchange_.acknowledged;
      size_t records = 0;
      for (const client::Delivery& delivery : exchange_.stream) {
        if (delivery.position < exchange_.acknowledged) continue;
        if (records != 0 && records + delivery.batch.size() > records_max) break;
        records += delivery.batch.size();
        fetched.deliveries.push_back(delivery);
        fetched.next_position = delivery.position + 1;
      }
      return fetched;
    }
    absl::Status Acknowledge(uint64_t next_position, const std::vector<client::RefusedDelivery>& now_refused) override {
      if (absl::Status failure = exchange_.TakeFailure(); !failure.ok()) return failure;
      exchange_.acknowledged = next_position;
      exchange_.refused.insert(exchange_.refused.end(), now_refused.begin(), now_refused.end());
      return absl::OkStatus();
    }

   private:
    FakeExchange& exchange_;
  };
};

}  // namespace datong::tests
