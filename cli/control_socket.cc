// SPDX-License-Identifier: Apache-2.0
#include "cli/control_socket.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

constexpr int kBacklog = 16;
constexpr time_t kSendSecondsMax = 60;

absl::Status SystemError(const std::string& what, int error) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  if (error == ENOENT || error == ECONNREFUSED) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM || error == EROFS) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

// A socket's path may have 107 bytes only, a directory's many more: so it is named through an open descriptor of the
// directory.
class Address {
 public:
  static absl::StatusOr<Address> In(const std::string& directory) {
    Socket held(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (held.fd() < 0) return SystemError(directory, errno);
    Address address(std::move(held));
    const std::string path = absl::StrCat("/proc/self/fd/", address.directory_.fd(), "/", kControlSocket);
    std::memcpy(address.name_.sun_path, path.c_str(), path.size() + 1);
    return address;
  }
  const sockaddr* name() const { return reinterpret_cast<const sockaddr*>(&name_); }
  const char* path() const { return name_.sun_path; }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  explicit Address(Socket directory) : directory_(std::move(directory)) { name_.sun_family = AF_UNIX; }
  Socket directory_;
  sockaddr_un name_{};
};

absl::StatusOr<Socket> NewSocket() {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return SystemError("socket", errno);
  return socket;
}

bool WaitFor(const Socket& socket, short events, int milliseconds, short& got) {
  pollfd one{socket.fd(), events, 0};
  const int ready = poll(&one, 1, milliseconds);
  got = one.revents;
  return ready > 0;
}

// Whoever may become root may open the directory as well.
bool IsTrusted(const Socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

int Socket::Release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

absl::StatusOr<Socket> ListenIn(const std::string& directory) {
  ASSIGN_OR_RETURN(const Address address, Address::In(directory));
  ASSIGN_OR_RETURN(Socket socket, NewSocket());
  const std::string where = absl::StrCat(directory, "/", kControlSocket);
  if (unlink(address.path()) != 0 && errno != ENOENT) return SystemError(where, errno);
  fchmod(socket.fd(), S_IRUSR | S_IWUSR);  // so that the file has never another mode
  if (bind(socket.fd(), address.name(), Address::kSize) != 0) return SystemError(where, errno);
  if (chmod(address.path(), S_IRUSR | S_IWUSR) != 0) return SystemError(where, errno);
  if (listen(socket.fd(), kBacklog) != 0) return SystemError(where, errno);
  return socket;
}

absl::StatusOr<Socket> ConnectTo(const std::string& directory) {
  ASSIGN_OR_RETURN(const Address address, Address::In(directory));
  ASSIGN_OR_RETURN(Socket socket, NewSocket());
  if (connect(socket.fd(), address.name(), Address::kSize) != 0) {
    return SystemError(absl::StrCat(directory, "/", kControlSocket), errno);
  }
  return socket;
}

absl::StatusOr<Socket> AcceptFrom(const Socket& listener, int milliseconds) {
  short got = 0;
  if (!WaitFor(listener, POLLIN, milliseconds, got)) return Socket();
  Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.fd() < 0) {
    if (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN || errno == EMFILE || errno == ENFILE)
      return Socket();
    return SystemError("accept", errno);
  }
  if (!IsTrusted(socket)) return Socket();
  const timeval patience{kSendSecondsMax, 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return socket;
}

absl::Status SendAll(const Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return absl::UnavailableError(absl::StrCat("control socket: ", std::strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<LineReader::Got> LineReader::Next(std::string& line, size_t bytes_max, int milliseconds) {
  while (true) {
    const size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      line.assign(buffer_, 0, end);
      buffer_.erase(0, end + 1);
      searched_ = 0;
      return Got::kLine;
    }
    searched_ = buffer_.size();
    if (buffer_.size() > bytes_max) return absl::ResourceExhaustedError("a line on the control socket is too long");
    short got = 0;
    if (!WaitFor(socket_, POLLIN, milliseconds, got)) return Got::kNothingYet;
    char chunk[65536];
    const ssize_t read = recv(socket_.fd(), chunk, sizeof chunk, 0);
    if (read < 0 && errno == EINTR) return Got::kNothingYet;
    if (read <= 0) return Got::kClosed;
    buffer_.append(chunk, static_cast<size_t>(read));
  }
}

bool IsClosedWithin(const Socket& socket, int milliseconds) {
  short got = 0;
  return WaitFor(socket, POLLRDHUP, milliseconds, got) && (got & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace datong::cli
