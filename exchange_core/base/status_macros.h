// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <utility>

// RETURN_IF_ERROR(expr): leaves the function with a status that is not OK.
#define RETURN_IF_ERROR(expr)                        \
  do {                                               \
    ::absl::Status datong_status_ = (expr);          \
    if (!datong_status_.ok()) return datong_status_; \
  } while (false)

#define DATONG_CONCAT_INNER_(a, b) a##b
#define DATONG_CONCAT_(a, b) DATONG_CONCAT_INNER_(a, b)

// ASSIGN_OR_RETURN(lhs, expr): lhs may declare a variable.
#define ASSIGN_OR_RETURN(lhs, expr) DATONG_ASSIGN_OR_RETURN_(DATONG_CONCAT_(datong_statusor_, __LINE__), lhs, expr)
#define DATONG_ASSIGN_OR_RETURN_(statusor, lhs, expr)      \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)
