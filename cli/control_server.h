// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "cli/control_socket.h"
#include "exchange_core/admin/request.h"

namespace datong::cli {

using Answerer = std::function<absl::StatusOr<admin::Json>(const admin::Request&, admin::Responder&)>;

// Lets other processes of the same user ask the holder of a data directory. One thread per question, few at a time.
class ControlServer {
 public:
  // Binds the socket; `answer` may be called from several threads at once until Stop() or the destructor has returned.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const std::string& directory, Answerer answer);
  ~ControlServer();
  // Withdraws the questions at hand, waits for them to leave, removes the socket.
  void Stop();

 private:
  struct Conversation {
    Socket socket;
    std::thread thread;
    std::atomic<bool> over{false};
  };

  ControlServer(std::string directory, Socket listener, Answerer answer);
  void Listen();
  void Converse(Conversation& conversation);
  void ForgetThoseOver();

  const std::string directory_;
  const Answerer answer_;
  Socket listener_;
  std::atomic<bool> stopping_{false};
  std::list<Conversation> conversations_;  // the listening thread's, until it has ended
  std::thread thread_;
};

}  // namespace datong::cli
