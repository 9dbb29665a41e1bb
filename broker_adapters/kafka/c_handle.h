// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace datong::kafka {

template <auto Destroy>
struct DestroyWith {
  template <typename T>
  void operator()(T* owned) const {
    Destroy(owned);
  }
};

// Owns what a C library made, for instance CHandle<rd_kafka_queue_t, rd_kafka_queue_destroy>.
template <typename T, auto Destroy>
using CHandle = std::unique_ptr<T, DestroyWith<Destroy>>;

}  // namespace datong::kafka
