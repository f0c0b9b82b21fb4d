// Tells waiters when something appears in a folder. One inotify instance for all: a user has 128 of them, and a
// machine starts more replicas than that at once.
#pragma once

#include "ports/host.h"

#include <map>
#include <mutex>
#include <thread>

namespace hearth::host {

class FolderWatch {
 public:
  FolderWatch();
  ~FolderWatch();  // every Waiter is gone by then
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Signals `event` (an eventfd) whenever something is created in, or renamed into, the folder behind the descriptor
  // `folder`, until it is destroyed. One at a time for a folder.
  class Waiter {
   public:
    Waiter(FolderWatch& watch, int folder, int event);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    FolderWatch& watch_;
    int key_;
  };

 private:
  void run();
  void dispatch(const char* events, std::size_t size);

  ports::Descriptor inotify_;
  ports::Descriptor quit_;
  std::mutex mutex_;
  std::map<int, int> waiters_;  // inotify's watch → eventfd
  std::thread thread_;
};

// Adds one to an eventfd's count.
void signal_event(int event);

}  // namespace hearth::host
