// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/exchange_state.h"

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"

namespace datong::node {

ExchangeState::ExchangeState(const ExchangeOptions& exchange_options)
    : options(exchange_options),
      sources_tail(*options.broker, kSourcesTopic,
                   [this](std::string_view body) -> absl::Status {
                     ASSIGN_OR_RETURN(const auto event, DecodeSourceEvent(body));
                     const std::lock_guard lock(tables);
                     return sources.Apply(event);
                   }),
      receipts_tail(*options.broker, kReceiptsTopic, [this](std::string_view body) -> absl::Status {
        ASSIGN_OR_RETURN(const auto receipt, DecodeReceipt(body));
        const std::lock_guard lock(tables);
        receipts.Apply(receipt);
        return absl::OkStatus();
      }) {}

}  // namespace datong::node
