// hearthd as a process: its signals, its exit code, and how it ends.
#include "config.h"
#include "lineage.h"
#include "telemetry/log.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdio>

namespace hearth {
namespace {

namespace log = telemetry::log;

// Ends are asked for by signals that one thread waits for; all others leave them alone.
sigset_t block_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, Lineage::kTurned}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return ends;
}

// Every call takes two descriptors, so as many as we may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, const char* const* argv) {
  const auto signals = block_signals();
  const auto config = read_config(argc, argv);
  if (!config) return 0;
  raise_descriptor_limit();
  log::configure({.level = config->log_level, .json = config->log_json});
  Lineage lineage{*config};
  lineage.begin();
  while (true) {
    const timespec soon{.tv_sec = 1, .tv_nsec = 0};
    const int signal = lineage.vacant() ? sigtimedwait(&signals, nullptr, &soon) : sigwaitinfo(&signals, nullptr);
    if (signal > 0 && signal != Lineage::kTurned) {
      log::info("ending", {{"signal", signal}});
      lineage.end();
      return 0;
    }
    if (lineage.take_turns()) break;
  }
  log::info("another hearthd serves, and no call is left here", {});
  return 0;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  try {
    return hearth::run(argc, argv);
  } catch (const hearth::domain::Error& error) {
    const auto& fault = error.fault();
    std::fprintf(stderr, "hearthd: %s%s%s\n", fault.message.c_str(), fault.hint.empty() ? "" : "; ",
                 fault.hint.c_str());
    return fault.code == hearth::domain::Code::invalid ? 2 : hearth::domain::exit_code(fault);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hearthd: %s\n", error.what());
    return 70;
  }
}
