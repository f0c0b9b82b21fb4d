// SIGINT, SIGTERM and SIGHUP as a stop_token. Made in main before any other thread, so that all of them leave the
// signals to it.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace hearth::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Stopped by the first signal; one that comes half a second later or more ends the process at once.
  std::stop_token token() const { return source_.get_token(); }
  // The signal that came; 0 while none has.
  int signal() const { return signal_; }

 private:
  void watch();

  std::stop_source source_;
  std::atomic<int> signal_{0};
  int signals_ = -1;
  int ended_ = -1;
  std::thread watcher_;
};

}  // namespace hearth::cli
