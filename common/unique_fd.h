// UniqueFd: owns a file descriptor and closes it.
#pragma once

#include <utility>

#include <unistd.h>

namespace weir {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership; a negative number owns nothing.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // The caller closes it from now on.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

  // Closes what it has. close() is not retried: on Linux the descriptor is gone even when it
  // reports EINTR.
  void Reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace weir
