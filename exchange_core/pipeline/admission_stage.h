// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::pipeline {

// What is written about a batch of so many must fit the body of one message, at some fifty bytes a record.
inline constexpr size_t kBatchRecordsJudged = size_t{1} << 17;

// What can be judged of a batch before anything is looked up: is it this publisher's to send, is it where it belongs,
// does it speak a schema we know. Pure: sets verdicts that are not kUndecided any more, changes nothing else. Returns
// what a person should know where all records share one fate for the header's sake, else "".
//
// The columns of a batch are its publisher's claims; trusted here only for harm to the publisher's own resource.
std::string JudgeAdmission(const catalog::Resource& resource, const catalog::KeyDomain& domain, uint32_t partition,
                           const record::PackedBatch& batch, std::span<ledger::Verdict> verdicts);

// Sets kMalformedRecord for undecided records whose payload is no protobuf message. Needed where a view opens the
// payload.
void JudgePayload(const record::RecordColumns& columns, std::string_view payload, std::span<ledger::Verdict> verdicts);

// For batches that the exchange's own sources did not make: nothing in them is taken on trust that could harm somebody
// else later. Sets kMalformedRecord for undecided records whose payload is no protobuf message or has a value of
// `schema` that no subscriber could be given, and kDigestMismatch where id, key or fingerprint are not those of the
// content. Times and versions stay the publisher's word: they order and date its own resource alone.
void JudgeContent(const record::RecordSchema& schema, const base::DigestKey& domain_key,
                  const record::RecordColumns& columns, std::string_view payload, std::span<ledger::Verdict> verdicts);

}  // namespace datong::pipeline
