#include "ports/host.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace hearth::ports {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor Descriptor::copy() const { return Descriptor{::fcntl(fd_, F_DUPFD_CLOEXEC, 0)}; }

int Descriptor::release() noexcept { return std::exchange(fd_, -1); }

}  // namespace hearth::ports
