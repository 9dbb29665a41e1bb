// SPDX-License-Identifier: Apache-2.0
// From outside a department publishes and receives as a connector of the catalog would, what is its own and nothing
// else; whatever it writes where requests stand harms nobody.
#include <catch2/catch.hpp>
#include <string>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/delivery_session.h"
#include "tests/support/test_department.h"
#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong::agency {
namespace {

using tests::Received;
using tests::Rows;
using tests::SomeRows;
using tests::TestDepartment;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;

constexpr uint32_t kRegistry = 1, kTax = 2;
constexpr char kCatalog[] = R"(
departments: [{name: registry, kafka_user: r}, {name: tax, kafka_user: t}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
  - {name: own, resource: companies, department: registry, items: [code, name], purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
  - {name: own, grant: own, start: beginning}
connectors:
  - {name: in, kind: agency, source: {resource: companies}}
  - {name: out, kind: agency, sink: {subscription: tax}}
  - {name: leaders, kind: file, source: {resource: companies, path: /nowhere/at/all.csv}}
)";

void Serve(TestExchange& exchange) {
  for (int turn = 0; turn < 4; ++turn) {
    exchange.clock().Advance(1'000'000);
    exchange.Settle();
  }
}

exchange::v1::DepartmentRequest Request(uint64_t instance, uint64_t number) {
  exchange::v1::DepartmentRequest request;
  request.set_instance(instance);
  request.set_number(number);
  request.set_patience_us(10'000'000);
  return request;
}

void Send(TestDepartment& department, uint32_t id, std::string bytes) {
  std::vector<broker::Appender::Outgoing> one;
  one.push_back({{node::RequestsTopic(id), 0}, std::move(bytes)});
  REQUIRE(department.appender().Append(std::move(one)).ok());
}

std::vector<exchange::v1::DepartmentAnswer> Answers(TestExchange& exchange, uint32_t id) {
  std::vector<exchange::v1::DepartmentAnswer> answers;
  REQUIRE(node::ReplayControlTopic(exchange->broker(), node::AnswersTopic(id), [&](std::string_view body) {
            answers.push_back(*node::DecodeAnswer(body));
            return absl::OkStatus();
          }).ok());
  return answers;
}

}  // namespace

TEST_CASE("files and full dumps come from a department, and go to one") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  TestSource source(registry.client(), "in", "companies");
  source.PublishUnit("a.csv", "1", SomeRows(40), 10);
  source.PublishDump("b.csv", SomeRows(36, "renamed"));
  Serve(exchange);
  source.PublishDump("c.csv", SomeRows(35, "renamed"));
  Serve(exchange);
  Received received;
  TestSink sink(tax.client(), "tax");
  sink.TakeAll(received);
  CHECK(received.inserts == 40);
  CHECK(received.updates == 36);
  CHECK(received.deletes == 5);
  CHECK(received.state.size() == 35);
  exchange.Settle();
  tests::RequireBalanced(exchange);
  CHECK(exchange->books().subscriptions[0].in_flight == 0);
  CHECK(exchange->books().subscriptions[0].applied == 81);
  const auto runs = exchange->runs();
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].rows_published == 40);
  CHECK(runs[2].state == node::RunBooks::State::kComplete);
}

TEST_CASE("nothing of another department is to be had, nor what the catalog does not name") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment in(exchange, kRegistry, "in", 1), tax(exchange, kTax, "in", 2), out(exchange, kTax, "out", 3),
      unknown(exchange, kRegistry, "unknown", 4), leaders(exchange, kRegistry, "leaders", 5);
  CHECK(in.client().DescribeResource("companies").ok());
  CHECK(absl::IsPermissionDenied(tax.client().DescribeResource("companies").status()));
  CHECK(absl::IsPermissionDenied(tax.client().OpenPublisher("in", "companies").status()));
  CHECK(absl::IsPermissionDenied(in.client().OpenSubscription("tax").status()));
  CHECK(absl::IsPermissionDenied(out.client().OpenSubscription("own").status()));
  CHECK(absl::IsPermissionDenied(in.client().OpenSubscription("own").status()));  // it is a source's name
  CHECK(absl::IsPermissionDenied(unknown.client().OpenPublisher("unknown", "companies").status()));
  CHECK(absl::IsPermissionDenied(leaders.client().OpenPublisher("leaders", "companies").status()));
  CHECK(absl::IsInvalidArgument(in.client().OpenPublisher("another", "companies").status()));
  CHECK(out.client().OpenSubscription("tax").ok());
  exchange.Apply("departments: [{name: registry}]");  // it has no user any longer
  CHECK(absl::IsPermissionDenied(in.client().DescribeResource("companies").status()));
}

TEST_CASE("a suspended subscription is handed nothing, and goes on when it is resumed") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource(*exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(40), 10);
  Serve(exchange);
  TestDepartment tax(exchange, kTax, "out", 12);
  TestSink sink(tax.client(), "tax");
  exchange.Apply("subscriptions: [{name: tax, grant: all, start: beginning, suspended: true}]");
  Serve(exchange);
  const auto refused = sink.session().Fetch(1000);
  INFO(refused.status());
  CHECK(absl::IsPermissionDenied(refused.status()));
  exchange.Apply("subscriptions: [{name: tax, grant: all, start: beginning}]");
  Serve(exchange);
  Received received;
  sink.TakeAll(received);
  CHECK(received.inserts == 40);
  tests::RequireBalanced(exchange);
}

TEST_CASE("rubbish among the requests is counted, and others are served") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  Send(registry, kRegistry, "");
  Send(registry, kRegistry, "no request at all");
  Send(registry, kRegistry, std::string("DTRQ\x02\0\0\0 of a later version", 26));
  Send(registry, kRegistry, std::string(size_t{5} << 20, 'x'));
  Send(registry, kRegistry, node::EncodeRequest(Request(0, 1)));
  Send(registry, kRegistry, node::EncodeRequest(Request(77, 2)));  // asks nothing: answered so
  Send(registry, kRegistry, node::EncodeRequest(Request(77, 1)));  // behind the other
  CHECK(tax.client().OpenSubscription("tax").ok());
  CHECK(registry.client().DescribeResource("companies").ok());
  Serve(exchange);
  for (const node::RequestBooks& books : exchange->requests()) {
    INFO(books.last_refusal);
    CHECK(books.refused == (books.department == "registry" ? 6 : 0));
    CHECK(books.trouble.empty());
  }
  const auto answers = Answers(exchange, kRegistry);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].instance() == 77);
  CHECK(StatusOf(answers[0]).code() == absl::StatusCode::kUnimplemented);
}

TEST_CASE("who floods waits behind his flood, and nobody else does") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  std::vector<broker::Appender::Outgoing> flood;
  for (uint64_t number = 1; number <= 2000; ++number) {
    flood.push_back({{node::RequestsTopic(kRegistry), 0}, node::EncodeRequest(Request(77, number))});
  }
  REQUIRE(registry.appender().Append(std::move(flood)).ok());
  CHECK(tax.client().OpenSubscription("tax").ok());
  CHECK(Answers(exchange, kRegistry).size() < 1000);
  CHECK(absl::IsUnavailable(registry.client().DescribeResource("companies").status()));
  for (int second = 0; second < 60; ++second) Serve(exchange);
  CHECK(registry.client().DescribeResource("companies").ok());
}

TEST_CASE("a request is answered once, and the same again when it comes again") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11);
  auto open = Request(5, 1);
  open.set_connector("in");
  open.mutable_open_source()->set_resource("companies");
  auto begin = Request(5, 2);
  begin.set_session(1);
  begin.mutable_begin_unit()->set_name("a.csv");
  begin.mutable_begin_unit()->set_identity("1");
  Send(registry, kRegistry, node::EncodeRequest(open));
  for (int i = 0; i < 3; ++i) Send(registry, kRegistry, node::EncodeRequest(begin));
  Serve(exchange);
  const auto answers = Answers(exchange, kRegistry);
  REQUIRE(answers.size() == 4);
  for (size_t i = 1; i < 4; ++i) {
    CHECK(StatusOf(answers[i]).ok());
    CHECK(answers[i].unit().run() == 1);
  }
  CHECK(exchange->runs().size() == 1);
}

TEST_CASE("a request that nobody waits for any longer has no effect") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11);
  auto open = Request(5, 1);
  open.set_connector("in");
  open.mutable_open_source()->set_resource("companies");
  Send(registry, kRegistry, node::EncodeRequest(open));
  exchange.clock().Advance(base::TimeUs{600} * 1'000'000);
  Serve(exchange);
  CHECK(Answers(exchange, kRegistry).empty());
  REQUIRE(exchange->requests().size() == 2);
  CHECK(exchange->requests()[0].refused == 1);
}

TEST_CASE("a receipt that cannot be is refused, and the books stay as they are") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource(*exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(40), 10);
  Serve(exchange);
  TestDepartment tax(exchange, kTax, "out", 12);
  auto open = Request(5, 1);
  open.set_connector("out");
  open.mutable_open_subscription()->set_subscription("tax");
  Send(tax, kTax, node::EncodeRequest(open));
  const auto acknowledge = [&](uint64_t number, uint64_t next, uint64_t sequence, int refused) {
    auto request = Request(5, number);
    request.set_session(1);
    request.mutable_acknowledge()->set_next_position(node::kInStream | next);
    auto* lane = request.mutable_acknowledge()->add_lanes();
    lane->set_lane(0);
    lane->set_again_next_sequence(1);
    lane->set_stream_next_sequence(sequence);
    for (int i = 0; i < refused; ++i) request.mutable_acknowledge()->add_refused()->set_sequence(1);
    Send(tax, kTax, node::EncodeRequest(request));
  };
  acknowledge(2, 1'000'000, 2, 0);  // a place that is not there
  acknowledge(3, 1, 1'000'000, 0);  // records that were never delivered
  acknowledge(4, 1, 2, 2);          // more refused than taken
  Serve(exchange);
  const auto answers = Answers(exchange, kTax);
  REQUIRE(answers.size() == 4);
  CHECK(StatusOf(answers[0]).ok());
  for (size_t i = 1; i < 4; ++i) CHECK(absl::IsInvalidArgument(StatusOf(answers[i])));
  CHECK(exchange->books().subscriptions[0].in_flight == 40);
  tests::RequireBalanced(exchange);
}

}  // namespace datong::agency
