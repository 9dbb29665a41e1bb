// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/judges/judge.h"

namespace datong::simulation {

using Change = NaiveExchange::Change;

// What a subscription is owed by one lane.
struct ExpectedLane {
  NaiveExchange::Start start;
  std::vector<const Change*> again;   // sent again; the sequence is the place here, from 1
  std::vector<const Change*> stream;  // the sequence is start.stream_sequence and on
};
struct ExpectedDeliveries {
  std::map<uint32_t, ExpectedLane> lanes;
  bool again_as_inserts = false;        // the present state is, history is what it was
  std::vector<std::string> complaints;  // what was sent again is not what should have been
};

// From the naive exchange alone; only how much of the history there still was to be sent again is taken from what the
// witness saw sent, and held against it: a subset in order, and what it lacks lies where retention has dropped.
// Valid as long as the evidence.
ExpectedDeliveries DeliveriesOwedTo(const SubscriptionPlan& subscription, const Evidence& evidence);

// Whether the sink of the subscription can write the value.
bool HasForm(const SubscriptionPlan& subscription, const std::string& value);
// The sink of the subscription can't write the change. A delete it always can: without the values that have no form
// there.
bool IsRefused(const SubscriptionPlan& subscription, const Change& change);
// How the content of what was received differs from that of the change; "" when it does not.
std::string DifferenceOf(const ReceivedRecord& record, const SubscriptionPlan& subscription, const Change& change);
// From the name of the file: sequences of what was sent again and of the stream are two numberings.
bool CameThroughStream(const std::string& path);

std::string Describe(const Change& change);
std::string Describe(const ReceivedRecord& record);

}  // namespace datong::simulation
