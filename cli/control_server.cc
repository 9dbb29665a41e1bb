// SPDX-License-Identifier: Apache-2.0
#include "cli/control_server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/control_protocol.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

constexpr size_t kConversationsMax = 64;
constexpr int kAcceptMs = 200;
constexpr int kRequestMs = 10'000;
constexpr size_t kSendBytes = size_t{64} << 10;

// Sends an answer as it comes, gathered into fewer writes; a pause sends what is there.
class SocketResponder final : public admin::Responder {
 public:
  SocketResponder(const Socket& socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}

  void Row(const admin::Json& row) override { Put(RowLine(row), kSendBytes); }
  void Progress(const admin::Json& progress) override { Put(ProgressLineOf(progress), 0); }
  bool cancelled() override { return gone_ || stopping_.load() || IsClosedWithin(socket_, 0); }
  bool Pause(int64_t milliseconds) override {
    Flush();
    constexpr int64_t kStopCheckMs = 200;
    for (int64_t left = milliseconds; left > 0 && !gone_ && !stopping_.load(); left -= kStopCheckMs) {
      gone_ = IsClosedWithin(socket_, static_cast<int>(std::min(left, kStopCheckMs)));
    }
    return !cancelled();
  }
  void Finish(const absl::StatusOr<admin::Json>& result) { Put(ResultLine(result), 0); }

 private:
  void Put(std::string line, size_t flush_above) {
    waiting_ += line;
    if (waiting_.size() > flush_above) Flush();
  }
  void Flush() {
    if (!gone_ && !waiting_.empty()) gone_ = !SendAll(socket_, waiting_).ok();
    waiting_.clear();
  }

  const Socket& socket_;
  const std::atomic<bool>& stopping_;
  std::string waiting_;
  bool gone_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& directory, Answerer answer) {
  ASSIGN_OR_RETURN(Socket listener, ListenIn(directory));
  std::unique_ptr<ControlServer> server(new ControlServer(directory, std::move(listener), std::move(answer)));
  server->thread_ = std::thread([raw = server.get()] { raw->Listen(); });
  return server;
}

ControlServer::ControlServer(std::string directory, Socket listener, Answerer answer)
    : directory_(std::move(directory)), answer_(std::move(answer)), listener_(std::move(listener)) {}

ControlServer::~ControlServer() { Stop(); }

void ControlServer::Stop() {
  stopping_.store(true);
  if (!thread_.joinable()) return;
  thread_.join();
  for (Conversation& one : conversations_) one.thread.join();
  conversations_.clear();
  unlink((directory_ + "/" + kControlSocket).c_str());
}

void ControlServer::ForgetThoseOver() {
  for (auto it = conversations_.begin(); it != conversations_.end();) {
    if (!it->over.load()) {
      ++it;
      continue;
    }
    it->thread.join();
    it = conversations_.erase(it);
  }
}

void ControlServer::Listen() {
  while (!stopping_.load()) {
    absl::StatusOr<Socket> accepted = AcceptFrom(listener_, kAcceptMs);
    ForgetThoseOver();
    if (!accepted.ok()) return;  // the listener itself is broken: nobody else can ask
    if (accepted->fd() < 0 || conversations_.size() >= kConversationsMax) continue;
    Conversation& conversation = conversations_.emplace_back();
    conversation.socket = *std::move(accepted);
    conversation.thread = std::thread([this, &conversation] {
      Converse(conversation);
      conversation.socket = Socket();  // the asker waits for the end of the answer
      conversation.over.store(true);
    });
  }
}

void ControlServer::Converse(Conversation& conversation) {
  SocketResponder responder(conversation.socket, stopping_);
  LineReader reader(conversation.socket);
  std::string line;
  const auto got = reader.Next(line, kRequestBytesMax, kRequestMs);
  if (!got.ok()) return responder.Finish(got.status());
  if (*got != LineReader::Got::kLine) return;
  const absl::StatusOr<admin::Request> request = ParseRequest(line);
  if (!request.ok()) return responder.Finish(request.status());
  absl::StatusOr<admin::Json> result = answer_(*request, responder);
  if (absl::IsCancelled(result.status()) && stopping_.load()) {
    result = admin::ToStatus({.code = admin::Code::kHolderEnded,
                              .what = "the process that holds the exchange is stopping",
                              .next = "repeat the command: what was begun goes on where it stopped"});
  }
  responder.Finish(result);
}

}  // namespace datong::cli
