// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"

// How deliveries look to departments that read the engine's topics with tools of their own (docs/record_streams.md).
namespace datong::pipeline {

struct DeliveryMessage {
  std::string key;
  std::string envelope;  // encoded
  broker::Body body;
  broker::Attributes attributes;
};

// The messages of one delivery into a view's stream (or again to one subscription), in order: one for the packed form,
// else one per record. `body`: a record batch; in the packed form `envelope` may select of it, in the others it holds
// the delivered records and no more.
std::vector<DeliveryMessage> MessagesOf(const catalog::View& view, const catalog::Resource& resource,
                                        const ledger::v1::DeliveryEnvelope& envelope, broker::Body body);

// What an engine without foreign readers has not kept of a message that MessagesOf() made: returns its attributes, and
// makes a body without bytes a value again where it was one. A message whose envelope is none of ours has nothing.
broker::Attributes RestoreForForeignReaders(const catalog::Resource& resource, broker::Message& message);

}  // namespace datong::pipeline
