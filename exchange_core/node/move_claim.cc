// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/move_claim.h"

#include <absl/strings/str_cat.h>

#include <optional>
#include <string_view>

#include "datong/exchange/v1/holder_claim.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/exchange_format.h"
#include "exchange_core/node/writer_identities.h"

namespace datong::node {
namespace {

using exchange::v1::HolderClaim;

constexpr char kPayload[] = "datong/being-moved";
// A program that does not know of moves sees a holder that lives.
constexpr base::TimeUs kLeaseUs = base::TimeUs{10} * 365 * 24 * 3600 * 1'000'000;

// Nothing: there is no such topic, or nobody has claimed in it.
absl::StatusOr<std::optional<HolderClaim>> LastClaim(broker::Broker& broker) {
  std::optional<HolderClaim> last;
  const auto read_all = [&] {
    return ReplayControlTopic(broker, kHolderTopic, [&](std::string_view body) -> absl::Status {
      ASSIGN_OR_RETURN(last, DecodeHolderClaim(body));
      return absl::OkStatus();
    });
  };
  absl::Status read = read_all();
  while (absl::IsOutOfRange(read)) read = read_all();  // who leads dropped his old claims meanwhile
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  return last;
}

bool IsUnderWay(const HolderClaim& claim) { return claim.moving_in() && !claim.released(); }

absl::Status Write(broker::Writer& writer, base::Clock& clock, uint64_t move, const std::string& mover, bool released) {
  HolderClaim claim;
  claim.set_instance(move);
  claim.set_holder(mover);
  claim.set_lease_us(kLeaseUs);
  claim.set_released(released);
  claim.set_time(clock.Now());
  claim.set_moving_in(true);
  claim.set_format(kExchangeFormat);
  ASSIGN_OR_RETURN(const auto transaction, writer.Begin());
  transaction->Append({kHolderTopic, 0}, "", "", broker::Body(EncodeHolderClaim(claim)));
  return transaction->Commit();
}

}  // namespace

absl::Status ClaimForMove(broker::Broker& broker, base::Clock& clock, uint64_t move, const std::string& mover) {
  RETURN_IF_ERROR(broker.CreateTopic(kHolderTopic, {broker::TopicKind::kControl, 1}));
  // First the fence, then the look: whoever claimed before it is seen, and nobody claims unseen behind it.
  ASSIGN_OR_RETURN(const auto writer, broker.OpenWriter(kHolderWriter));
  ASSIGN_OR_RETURN(const std::optional<HolderClaim> last, LastClaim(broker));
  if (!last.has_value()) return Write(*writer, clock, move, mover, false);
  if (last->instance() != move) {
    return absl::AlreadyExistsError(
        IsUnderWay(*last) ? absl::StrCat("another exchange is being carried over to here, by ", last->holder())
                          : absl::StrCat("an exchange works here; the last one to lead it was ", last->holder()));
  }
  if (last->released()) return absl::AlreadyExistsError("this move is complete; processes may have begun since");
  return absl::OkStatus();
}

absl::StatusOr<bool> FinishMove(broker::Broker& broker, base::Clock& clock, uint64_t move) {
  ASSIGN_OR_RETURN(const std::optional<HolderClaim> before, LastClaim(broker));
  if (!before.has_value() || before->instance() != move || before->released()) return false;
  ASSIGN_OR_RETURN(const auto writer, broker.OpenWriter(kHolderWriter));
  ASSIGN_OR_RETURN(const std::optional<HolderClaim> last, LastClaim(broker));
  if (!last.has_value() || last->instance() != move || last->released()) return false;
  RETURN_IF_ERROR(Write(*writer, clock, move, last->holder(), true));
  return true;
}

absl::Status EnterAfterMove(broker::Broker& broker, base::Clock& clock, uint64_t move) {
  ASSIGN_OR_RETURN(const std::optional<HolderClaim> last, LastClaim(broker));
  if (!last.has_value() || !IsUnderWay(*last)) return absl::OkStatus();
  if (move != 0 && last->instance() == move) return FinishMove(broker, clock, move).status();
  absl::Status status = absl::FailedPreconditionError(
      absl::StrCat("an exchange is being carried over to here, by ", last->holder(), ", and is not complete"));
  status.SetPayload(kPayload, absl::Cord(last->holder()));
  return status;
}

bool IsBeingMoved(const absl::Status& status) { return status.GetPayload(kPayload).has_value(); }

}  // namespace datong::node
