#include "connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <iostream>
#include <system_error>
#include <thread>

namespace hearth::server {

Connections::Place::Place(Connections& all, int descriptor) : all_(all), descriptor_(descriptor) {
  const std::lock_guard lock{all_.mutex_};
  all_.places_.insert(this);
  if (all_.ending_) ::shutdown(descriptor_, SHUT_RD);
}

Connections::Place::~Place() {
  const std::lock_guard lock{all_.mutex_};
  all_.places_.erase(this);
}

void Connections::Place::begin_call() {
  const std::lock_guard lock{all_.mutex_};
  busy_ = true;
}

bool Connections::Place::end_call() {
  const std::lock_guard lock{all_.mutex_};
  busy_ = false;
  return !all_.ending_;
}

bool Connections::Place::others_busy() const {
  const std::lock_guard lock{all_.mutex_};
  return std::any_of(all_.places_.begin(), all_.places_.end(),
                     [this](const Place* place) { return place != this && place->busy_; });
}

long Connections::Place::connections() const {
  const std::lock_guard lock{all_.mutex_};
  return all_.threads_;
}

void Connections::add(Socket socket) {
  {
    const std::lock_guard lock{mutex_};
    ++threads_;
  }
  const auto leave = [this] {
    const std::lock_guard lock{mutex_};
    --threads_;
    left_.notify_all();
  };
  try {
    std::thread{[this, leave, socket = std::move(socket)]() mutable {
      {
        Place place{*this, socket.native_handle()};
        serve_(socket, place);
      }
      boost::system::error_code ignored;
      socket.close(ignored);
      leave();
    }}.detach();
  } catch (const std::system_error& error) {
    std::cerr << "a connection is refused, since no thread can be had (limits.pids): " << error.what() << "\n";
    leave();
  }
}

void Connections::end() {
  std::unique_lock lock{mutex_};
  ending_ = true;
  // What an idle one was sent already is still read and answered; then it meets the end.
  for (auto* place : places_) {
    if (!place->busy_) ::shutdown(place->descriptor_, SHUT_RD);
  }
  left_.wait(lock, [&] { return threads_ == 0; });
}

}  // namespace hearth::server
