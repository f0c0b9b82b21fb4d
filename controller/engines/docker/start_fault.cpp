#include "engines/docker/start_fault.h"

#include "engines/docker/codec.h"

#include <algorithm>
#include <cstring>

namespace hearth::docker {

using domain::Fault;

namespace {

Fault fault(std::string message, std::string hint, const std::string& log) {
  return {.code = domain::Code::unavailable,
          .layer = domain::Layer::function,
          .message = std::move(message),
          .hint = std::move(hint),
          .detail = log};
}

std::string last_line(const std::string& log) {
  const auto end = log.find_last_not_of("\n ");
  if (end == log.npos) return {};
  const auto start = log.find_last_of('\n', end);
  return log.substr(start == log.npos ? 0 : start + 1, end - (start == log.npos ? 0 : start + 1) + 1);
}

// A shell's and Docker's way to tell a signal.
std::string how_it_ended(int code) {
  if (code <= 128 || code > 128 + 64) return "exited with code " + std::to_string(code);
  const char* signal = ::sigabbrev_np(code - 128);
  return "was killed by signal " + std::to_string(code - 128) + (signal ? std::string{" (SIG"} + signal + ")" : "");
}

std::string seconds(std::chrono::milliseconds duration) { return domain::to_string(duration); }

std::string ports_of(const std::vector<Listener>& listeners) {
  std::string text;
  for (const auto& listener : listeners) text += (text.empty() ? "" : ", ") + std::to_string(listener.port);
  return text;
}

}  // namespace

Fault ended_early(const ports::ReplicaSpec& spec, const ports::Exit& exit, const std::string& log) {
  if (exit.out_of_memory) {
    const std::string peak = exit.memory_peak ? ", its peak was " + domain::to_string(*exit.memory_peak) : "";
    return fault("the container ran out of memory before it listened: its limit is " +
                     domain::to_string(spec.limits.memory) + peak,
                 "raise limits.memory", log);
  }
  if (spec.templated && exit.code == kDidNotLoad) {
    const auto reason = last_line(log);
    return fault("the handler did not load" + (reason.empty() ? "" : ": " + reason), "", log);
  }
  const std::string hint =
      exit.code == 0 ? "its program must keep running and serve HTTP" : "the end of its log tells more";
  return fault("the container " + how_it_ended(exit.code) + " before it listened", hint, log);
}

Fault never_listened(const ports::ReplicaSpec& spec, const std::vector<Listener>& listeners, const std::string& log) {
  const std::string late = " within " + seconds(spec.start_timeout);
  const std::string port = "$PORT (" + std::to_string(kPort) + ")";
  if (serves_socket(spec)) {
    return fault("the container did not listen on $HEARTH_SOCKET" + late,
                 "raise scale.start_timeout if it needs longer", log);
  }
  const auto right = std::ranges::find(listeners, kPort, &Listener::port);
  if (right != listeners.end() && right->loopback_only) {
    return fault(
        "the container listens on 127.0.0.1:" + std::to_string(kPort) + " only, where nobody outside reaches it",
        "listen on 0.0.0.0", log);
  }
  if (right == listeners.end() && !listeners.empty()) {
    return fault("the container listens on port " + ports_of(listeners) + ", not on " + port + late,
                 "listen on the port that the environment variable PORT names", log);
  }
  return fault("the container never listened on " + port + late,
               "serve HTTP on the port that the environment variable PORT names; raise scale.start_timeout if it "
               "needs longer",
               log);
}

}  // namespace hearth::docker
