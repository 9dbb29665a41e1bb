// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::pipeline {

// What can be judged of a batch before anything is looked up: is it this publisher's to send, is it where it belongs,
// does it speak a schema we know. Pure: sets verdicts that are not kUndecided any more, changes nothing else.
//
// The columns of a batch are its publisher's claims; trusted here only for harm to the publisher's own resource.
void JudgeAdmission(const catalog::Resource& resource, const catalog::KeyDomain& domain, uint32_t partition,
                    const record::PackedBatch& batch, std::span<ledger::Verdict> verdicts);

// Sets kMalformedRecord for undecided records whose payload is no protobuf message. Needed where a view opens the
// payload.
void JudgePayload(const record::RecordColumns& columns, std::string_view payload, std::span<ledger::Verdict> verdicts);

}  // namespace datong::pipeline
