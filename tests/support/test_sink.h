// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/support/test_exchange.h"

namespace datong::tests {

struct Received {
  std::vector<std::string> log;              // "insert code=.. name=.."
  std::map<std::string, std::string> state;  // by code, what is deleted is gone
  size_t inserts = 0, updates = 0, deletes = 0;
};

// A sink in memory: takes everything there is and acknowledges it.
class TestSink {
 public:
  TestSink(node::Exchange& exchange, const std::string& subscription) : TestSink(exchange.client(), subscription) {}
  TestSink(client::ExchangeClient& exchange, const std::string& subscription) {
    auto session = exchange.OpenSubscription(subscription);
    INFO(session.status());
    REQUIRE(session.ok());
    session_ = *std::move(session);
  }
  void TakeAll(Received& into, bool acknowledge = true) {
    while (true) {
      const auto fetched = session_->Fetch(10);
      INFO(fetched.status());
      REQUIRE(fetched.ok());
      for (const client::Delivery& delivery : fetched->deliveries) Take(delivery, into);
      const bool moved = fetched->next_position != session_->next_position();
      if (moved && acknowledge) REQUIRE(session_->Acknowledge(fetched->next_position, {}).ok());
      if (fetched->deliveries.empty()) return;
    }
  }
  client::DeliverySession& session() { return *session_; }

 private:
  void Take(const client::Delivery& delivery, Received& into) {
    for (size_t i = 0; i < delivery.batch.size(); ++i) {
      std::string text;
      std::string code;
      for (const record::Item& item : session_->schema().items) {
        const auto value = record::FieldAsText(item, delivery.batch.record(i));
        text += item.name + "=" + value.value_or("-") + " ";
        if (item.name == "code") code = value.value_or("-");
      }
      const auto operation = delivery.batch.columns.operation[i];
      into.inserts += operation == record::Operation::kInsert;
      into.updates += operation == record::Operation::kUpdate;
      into.deletes += operation == record::Operation::kDelete;
      into.log.push_back(text);
      if (operation == record::Operation::kDelete) {
        into.state.erase(code);
      } else {
        into.state[code] = text;
      }
    }
  }
  std::unique_ptr<client::DeliverySession> session_;
};

inline void RequireBalanced(TestExchange& exchange) {
  const node::Books books = exchange->books();
  for (const auto& resource : books.resources) {
    INFO(resource.resource << " published " << resource.published << " waiting " << resource.waiting);
    CHECK(resource.balanced);
  }
  for (const auto& s : books.subscriptions) {
    INFO(s.subscription << " accepted " << s.accepted_since_start << " again " << s.sent_again << " delivered "
                        << s.delivered << " applied " << s.applied << " in flight " << s.in_flight);
    CHECK(s.balanced);
  }
  CHECK(books.balanced());
}

}  // namespace datong::tests
