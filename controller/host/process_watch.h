// Tells when a container was refused a process because it has as many as it may: the kernel counts that in its group's
// pids.events. With cgroup version 2 inotify tells of the count; version 1 tells nobody, so there it is looked at now
// and then, for as long as there is a container. One thread for all.
#pragma once

#include "ports/host.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace hearth::host {

class ProcessWatch {
 public:
  static constexpr std::chrono::seconds kBetween{10};  // a fork bomb is refused thousands of times a second
  static constexpr std::chrono::seconds kLook{3};      // with version 1: a small file of each container

  ProcessWatch();
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // `at_limit` is called from the watch's thread, without its lock.
  void begin(domain::ReplicaId replica, const std::filesystem::path& group, std::function<void()> at_limit);
  // It may still be called once, from then on no more. Nothing happens where none was begun.
  void end(domain::ReplicaId replica);

 private:
  struct Watched {
    std::filesystem::path group;
    std::function<void()> at_limit;
    int key = -1;            // inotify's; none with version 1
    std::uint64_t told = 0;  // refusals
    std::chrono::steady_clock::time_point next{};
  };

  void run();
  // Whether there is any that inotify does not tell of.
  bool must_look();
  void look(const std::function<bool(const Watched&)>& at);

  ports::Descriptor inotify_;
  ports::Descriptor news_;  // one was begun, or all is to end
  std::mutex mutex_;
  std::map<domain::ReplicaId, Watched> watched_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace hearth::host
