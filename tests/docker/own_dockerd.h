// A dockerd of the tests' own, with its own data, in a network namespace of its own: nothing of it meets the machine's
// firewall, and only functions with sockets can be called on it from outside. Needs root.
#pragma once

#include "fakes/temporary_folder.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace hearth::docker {

class OwnDockerd {
 public:
  // `in_our_network`: in the caller's network namespace, where its bridges can be reached.
  explicit OwnDockerd(std::vector<std::string> options = {}, bool in_our_network = false);
  ~OwnDockerd();

  const std::string& socket() const { return socket_; }
  void start();  // returns when it answers
  void stop();   // SIGTERM; returns when it has ended

 private:
  tests::TemporaryFolder folder_;
  std::string socket_;
  std::vector<std::string> options_;
  bool in_our_network_;
  pid_t pid_ = 0;
};

// Brings up `lo` in a network namespace that this thread has just made.
void bring_up_loopback();

}  // namespace hearth::docker
