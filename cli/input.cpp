#include "cli/input.h"

#include "domain/error.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::size_t kAhead = 64 * 1024;

bool is_piped(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISREG(about.st_mode));
}

}  // namespace

Input::Input(const std::optional<std::string>& data, std::stop_token stop, const std::function<void()>& on_patience)
    : stop_(std::move(stop)) {
  const bool asked = data.has_value();
  if (asked && !data->starts_with('@') && *data != "-") {
    whole_ = *data;
    return;
  }
  if (asked && data->starts_with('@')) {
    open(data->substr(1));
  } else if (asked || is_piped(STDIN_FILENO)) {
    descriptor_ = STDIN_FILENO;
  } else {
    absent_ = true;
    return;
  }
  peek(asked ? std::function<void()>([] {}) : on_patience);
  absent_ = !asked && whole_ && whole_->empty();
}

Input::~Input() {
  if (owned_) ::close(descriptor_);
}

void Input::open(const std::string& path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (descriptor_ >= 0 && ::fstat(descriptor_, &about) == 0 && S_ISDIR(about.st_mode)) {
    ::close(descriptor_);
    descriptor_ = -1;
    errno = EISDIR;
  }
  if (descriptor_ < 0) {
    throw Error(Code::invalid, Layer::client, "--data @" + path + " cannot be read (" + std::strerror(errno) + ")");
  }
  owned_ = true;
}

void Input::peek(const std::function<void()>& on_patience) {
  constexpr int kPatience = 2000;
  if (!wait(kPatience)) {
    on_patience();
    wait(-1);
  }
  std::string buffer(kAhead, '\0');
  while (ahead_.size() < kAhead) {
    const auto count = receive(buffer.data(), kAhead - ahead_.size());
    if (count == 0) {
      whole_ = std::move(ahead_);
      return;
    }
    ahead_.append(buffer, 0, count);
    if (ahead_.size() < kAhead && !wait(50)) break;  // a slow writer's body is sent as it comes
  }
}

bool Input::wait(int patience_ms) const {
  const int woken = ::eventfd(0, EFD_CLOEXEC);
  const std::stop_callback wake(stop_, [&] {
    const std::uint64_t one = 1;
    (void)!::write(woken, &one, sizeof one);
  });
  pollfd watched[] = {{descriptor_, POLLIN, 0}, {woken, POLLIN, 0}};
  const int ready = ::poll(watched, 2, patience_ms);
  ::close(woken);
  if (stop_.stop_requested()) throw Error(Code::cancelled, Layer::client, "reading the call's body was interrupted");
  return ready != 0;
}

std::size_t Input::read(char* buffer, std::size_t size) {
  if (ahead_.empty()) return receive(buffer, size);
  const auto count = std::min(size, ahead_.size());
  std::memcpy(buffer, ahead_.data(), count);
  ahead_.erase(0, count);
  return count;
}

std::size_t Input::receive(char* buffer, std::size_t size) const {
  wait(-1);
  for (;;) {
    const auto count = ::read(descriptor_, buffer, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR || errno == EAGAIN) continue;
    throw Error(Code::invalid, Layer::client,
                std::string("the call's body cannot be read (") + std::strerror(errno) + ")");
  }
}

}  // namespace hearth::cli
