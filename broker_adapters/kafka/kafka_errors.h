// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

namespace datong::kafka {

// What a code of librdkafka (rd_kafka_resp_err_t) means under the contract. `doing` says what was tried and of what;
// `detail` is what the library or the broker adds. Code 0 is OK.
absl::Status FromKafka(int code, std::string_view doing, std::string_view detail = {});

// The cluster does not accept who we are, or we do not accept who it is: asking again is of no use.
bool IsRefused(int code);

// A newer holder of the identity exists; or the cluster took the identity away because a transaction took too long.
bool IsFenced(int code);

}  // namespace datong::kafka
