// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace datong::sdk {

// What a connector says of an attempt. It steers the runner:
//   Ok     go on
//   Retry  the foreign system is away or busy: the runner calls again after a growing pause, the same work again
//   Fail   no repetition will help (wrong password, not a CSV file): the runner stops this connector and shows the
//   error
class [[nodiscard]] Status {
 public:
  static Status Ok() { return Status(Kind::kOk, "", "", ""); }
  static Status Retry(std::string message, std::string hint = "") {
    return Status(Kind::kRetry, "unavailable", std::move(message), std::move(hint));
  }
  // `code`: stable, lower_snake ("not_csv"); `message`: what and where; `hint`: the next step for a person.
  static Status Fail(std::string code, std::string message, std::string hint = "") {
    return Status(Kind::kFail, std::move(code), std::move(message), std::move(hint));
  }

  bool ok() const { return kind_ == Kind::kOk; }
  bool retryable() const { return kind_ == Kind::kRetry; }
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

 private:
  enum class Kind { kOk, kRetry, kFail };
  Status(Kind kind, std::string code, std::string message, std::string hint)
      : kind_(kind), code_(std::move(code)), message_(std::move(message)), hint_(std::move(hint)) {}
  Kind kind_;
  std::string code_, message_, hint_;
};

}  // namespace datong::sdk
