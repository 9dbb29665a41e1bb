// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/witness.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/node/delivered_batch.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::simulation {
namespace {

constexpr base::DigestKey kDigestKey{};
constexpr size_t kComparedPerPartition = 3;

base::Digest DigestOf(const broker::Message& message) {
  std::string all;
  for (const std::string_view part :
       {std::string_view(message.key), std::string_view(message.envelope), message.body.bytes()}) {
    absl::StrAppend(&all, part.size(), ":", base::Absl(part));
  }
  return base::KeyedDigest(kDigestKey, all);
}

void TakeRecords(const record::BatchHeader& header, const record::RecordColumns& columns, Witness::Message& into) {
  into.records.reserve(columns.size());
  size_t same = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    Witness::SeenRecord seen;
    seen.operation = columns.operation[i];
    if (columns.file_index[i] < header.files.size()) {
      seen.file = header.files[columns.file_index[i]].name;
      seen.file_sequence = header.files[columns.file_index[i]].sequence;
    } else {
      seen.file_sequence = 0;
    }
    seen.row = columns.row[i];
    seen.key = base::ToHex(columns.key[i]);
    seen.key_known = columns.operation[i] != record::Operation::kUnreadable || columns.key[i] != columns.id[i];
    seen.version = columns.version[i];
    seen.entry = seen.operation == record::Operation::kSame ? columns.same_entry[same++] : 0;
    into.records.push_back(std::move(seen));
  }
}

void DecodePublished(Witness::Message& message) {
  if (message.body.empty()) {
    const auto mark = snapshot::DecodeMark(message.envelope);
    message.is_mark = true;
    if (mark.ok()) {
      message.snapshot = mark->snapshot();
      message.source_id = mark->source_id();
    } else {
      message.problem = std::string(mark.status().message());
    }
    return;
  }
  record::PackedBatch packed;
  if (const absl::Status decoded = record::DecodeColumns(message.body, packed); !decoded.ok()) {
    message.problem = std::string(decoded.message());
    return;
  }
  message.run = packed.header.publisher_epoch;
  message.source_id = packed.header.source_id;
  message.snapshot = packed.header.snapshot_id;
  TakeRecords(packed.header, packed.columns, message);
}

void DecodeDelivery(Witness::Message& message) {
  const auto envelope = pipeline::DecodeDeliveryEnvelope(message.envelope);
  if (!envelope.ok()) {
    message.problem = std::string(envelope.status().message());
    return;
  }
  message.lane = envelope->lane();
  message.first_sequence = envelope->first_sequence();
  message.lane_sequence = envelope->lane_sequence();
  record::RecordBatch batch;
  if (const absl::Status decoded = node::DecodeDelivered(*envelope, message.body, record::RecordSchema(), batch);
      !decoded.ok()) {
    message.problem = std::string(decoded.message());
    return;
  }
  TakeRecords(batch.header, batch.columns, message);
  message.payload = std::move(batch.payload);
}

}  // namespace

const Witness::Partition* Witness::Find(const std::string& topic, uint32_t partition) const {
  const auto found = partitions_.find({topic, partition});
  return found == partitions_.end() ? nullptr : &found->second;
}

void Witness::Look(broker::Broker& broker) {
  ++looks_;
  for (const std::string& topic : broker.ListTopics()) {
    const auto options = broker.DescribeTopic(topic);
    if (!options.ok()) continue;
    for (uint32_t partition = 0; partition < options->partitions; ++partition) {
      const auto bounds = broker.Bounds({topic, partition});
      if (!bounds.ok()) continue;
      Partition& known = partitions_[{topic, partition}];
      if (bounds->end < known.next) {
        complaints_.push_back(absl::StrCat(topic, "/", partition, " ends at ", bounds->end, ", but messages up to ",
                                           known.next, " were visible"));
        known.next = bounds->end;
      }
      if (bounds->begin > known.dropped_to) known.dropped_to = bounds->begin;
      if (bounds->end > known.next) ReadNew(broker, {topic, partition}, known);
    }
  }
}

void Witness::ReadNew(broker::Broker& broker, const broker::TopicPartition& from, Partition& into) {
  // What was dropped before it was seen was never needed by anybody; the caller looks often enough that it is rare.
  auto reader = broker.OpenReader(from, std::max(into.next, into.dropped_to));
  while (reader.ok()) {
    const auto messages = (*reader)->Poll({});
    if (!messages.ok()) {
      if (messages.status().code() != absl::StatusCode::kUnavailable) {
        complaints_.push_back(absl::StrCat(from.topic, "/", from.partition, ": ", messages.status().message()));
      }
      return;
    }
    if (messages->empty()) return;
    for (const broker::Message& message : *messages) {
      Message seen;
      seen.position = message.position;
      seen.append_time = message.append_time;
      seen.look = looks_;
      seen.digest = DigestOf(message);
      seen.envelope = message.envelope;
      seen.body = std::string(message.body.bytes());
      if (absl::StartsWith(from.topic, "pub.")) DecodePublished(seen);
      if (absl::StartsWith(from.topic, "deliver.") || absl::StartsWith(from.topic, "again.")) DecodeDelivery(seen);
      if (!seen.problem.empty()) {
        complaints_.push_back(
            absl::StrCat(from.topic, "/", from.partition, " position ", seen.position, ": ", seen.problem));
      }
      into.messages.push_back(std::move(seen));
    }
    into.next = (*reader)->next();
  }
}

void Witness::Compare(broker::Broker& broker, bool whole) {
  for (auto& [place, known] : partitions_) {
    const broker::TopicPartition from{place.first, place.second};
    const auto bounds = broker.Bounds(from);
    if (!bounds.ok()) {
      complaints_.push_back(absl::StrCat(place.first, "/", place.second, ": ", bounds.status().message()));
      continue;
    }
    size_t begin =
        whole || known.messages.size() < kComparedPerPartition ? 0 : known.messages.size() - kComparedPerPartition;
    for (; begin < known.messages.size(); ++begin) {
      const Message& message = known.messages[begin];
      if (message.position < bounds->begin) continue;
      const auto now = broker.ReadAt(from, message.position);
      ++compared_;
      if (absl::IsUnavailable(now.status())) return;  // the power went again
      if (!now.ok()) {
        complaints_.push_back(absl::StrCat(place.first, "/", place.second, " position ", message.position,
                                           " was visible and is gone: ", now.status().message()));
      } else if (DigestOf(*now) != message.digest || now->append_time != message.append_time) {
        complaints_.push_back(absl::StrCat(place.first, "/", place.second, " position ", message.position,
                                           " has other bytes than before"));
      }
    }
  }
}

}  // namespace datong::simulation
