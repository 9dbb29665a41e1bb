// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/agency/remote_exchange.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/broker/appender.h"
#include "tests/support/test_exchange.h"

namespace datong::tests {

// Appends from outside where an engine knows transactions only: one for each call.
class TransactionAppender final : public broker::Appender {
 public:
  TransactionAppender(broker::Broker& broker, std::string identity) : broker_(broker), identity_(std::move(identity)) {}
  absl::Status Append(std::vector<Outgoing> messages) override {
    ASSIGN_OR_RETURN(const auto writer, broker_.OpenWriter(identity_));
    ASSIGN_OR_RETURN(const auto transaction, writer->Begin());
    for (Outgoing& one : messages) transaction->Append(one.to, "", "", broker::Body(std::move(one.bytes)));
    return transaction->Commit();
  }

 private:
  broker::Broker& broker_;
  const std::string identity_;
};

// A connector's program at a department. While it waits for an answer, time passes and the exchange works.
class TestDepartment {
 public:
  TestDepartment(TestExchange& exchange, uint32_t department_id, const std::string& connector, uint64_t instance)
      : appender_(exchange->broker(), "outside." + std::to_string(instance)),
        client_(Options(exchange, department_id, connector, instance, appender_)) {}

  client::ExchangeClient& client() { return client_; }
  broker::Appender& appender() { return appender_; }

 private:
  static agency::AgencyOptions Options(TestExchange& exchange, uint32_t department_id, const std::string& connector,
                                       uint64_t instance, broker::Appender& appender) {
    agency::AgencyOptions options;
    options.broker = &exchange->broker();
    options.appender = &appender;
    options.clock = &exchange.clock();
    options.instance = instance;
    options.connector = connector;
    options.department_id = department_id;
    options.pause = [&exchange] {
      exchange.clock().Advance(300'000);
      exchange.Turn();
    };
    return options;
  }

  TransactionAppender appender_;
  agency::RemoteExchange client_;
};

}  // namespace datong::tests
