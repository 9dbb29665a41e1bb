// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/world_status.h"

#include <string>

namespace datong::file {

sdk::Status FromWorld(const absl::Status& status) {
  const std::string message(status.message().data(), status.message().size());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return sdk::Status::Ok();
    case absl::StatusCode::kNotFound:
      return sdk::Status::Fail("no_such_file", message, "check the path, and that the exchange runs where the file is");
    case absl::StatusCode::kPermissionDenied:
      return sdk::Status::Fail("permission_denied", message,
                               "let the user that runs the exchange read and write there");
    case absl::StatusCode::kOutOfRange:
      return sdk::Status::Fail("cut_off", message);
    case absl::StatusCode::kDataLoss:
      return sdk::Status::Fail("damaged", message);
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return sdk::Status::Retry(message);
    default:
      return sdk::Status::Fail("file_error", message);
  }
}

}  // namespace datong::file
