#include "net/pause.h"

#include <condition_variable>
#include <mutex>

namespace hearth::net {

void pause(std::chrono::steady_clock::time_point end, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_until(lock, stop, end, [] { return false; });
}

}  // namespace hearth::net
