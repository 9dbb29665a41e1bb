// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/runner_error.h"

namespace datong::runner {

RunnerError RunnerError::From(const absl::Status& status) {
  const std::string message(status.message().data(), status.message().size());
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return {"exchange_behind", message, "", true};
    case absl::StatusCode::kUnavailable:
      return {"exchange_unavailable", message, "", true};
    case absl::StatusCode::kAborted:
      return {"fenced", message, "another process runs this connector now; stop one of the two", false};
    case absl::StatusCode::kNotFound:
      return {"not_found", message, "check the names in the catalog: datong apply", false};
    case absl::StatusCode::kPermissionDenied:
      // Rights are given and taken back while connectors run.
      return {"permission_denied", message, "", true};
    case absl::StatusCode::kUnauthenticated:
      return {"not_accepted", message, "", false};
    case absl::StatusCode::kInvalidArgument:
      return {"invalid", message, "", false};
    case absl::StatusCode::kDataLoss:
      return {"data_loss", message, "restore the exchange's data directory", false};
    default:
      return {"exchange_error", message, "", false};
  }
}

}  // namespace datong::runner
