// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace datong::cli {

inline constexpr char kControlSocket[] = "control.sock";

// A connected or listening socket, closed when destroyed.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int fd() const { return fd_; }
  int Release();

 private:
  int fd_ = -1;
};

// Listens on DIRECTORY/control.sock, readable and writable by its owner alone. Whatever file stood there is replaced:
// only the holder of the directory may call this. Long paths work.
absl::StatusOr<Socket> ListenIn(const std::string& directory);

// Connects to whoever listens there. NotFound: nobody does (no socket, or one left behind). PermissionDenied.
absl::StatusOr<Socket> ConnectTo(const std::string& directory);

// The next connection from the same user or root; an invalid socket when `milliseconds` passed without one.
absl::StatusOr<Socket> AcceptFrom(const Socket& listener, int milliseconds);

// All of `bytes`, or Unavailable when the other side went away or took nothing for a minute.
absl::Status SendAll(const Socket& socket, std::string_view bytes);

// Reads up to the next LF, which is left out. Keeps what came after it. Not thread-safe.
class LineReader {
 public:
  explicit LineReader(const Socket& socket) : socket_(socket) {}
  enum class Got { kLine, kNothingYet, kClosed };
  // Waits up to `milliseconds` for more (-1: for ever). ResourceExhausted: longer than `bytes_max`.
  absl::StatusOr<Got> Next(std::string& line, size_t bytes_max, int milliseconds);

 private:
  const Socket& socket_;
  std::string buffer_;
  size_t searched_ = 0;
};

// The other side has closed. Waits up to `milliseconds` for that.
bool IsClosedWithin(const Socket& socket, int milliseconds);

}  // namespace datong::cli
