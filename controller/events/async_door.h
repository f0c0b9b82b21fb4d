// The gateway's /async/ paths: POST /async/NAME… stores a call and answers 202 once that is on disk; GET /async/ID says
// how it stands, GET /async/ID/result is its answer.
#pragma once

#include "control/directory.h"
#include "control/durable_calls.h"
#include "http/blocking.h"
#include "http/server.h"
#include "http/worker_pool.h"
#include "ports/clock.h"

#include <cstdint>
#include <memory>

namespace hearth::events {

class AsyncDoor {
 public:
  struct Settings {
    std::uint64_t longest_body = 64ull << 20;  // bytes; more is a 413
    std::uint32_t threads = 16;                // for large bodies and looks
    std::uint32_t most = 512;                  // of them at once, those that wait for a thread counted; then 503
  };

  // What is passed outlives it.
  AsyncDoor(control::DurableCalls& calls, const control::Directory& directory, const ports::Clock& clock,
            Settings settings);
  ~AsyncDoor();  // after every handler

  // For the requests of one loop.
  std::unique_ptr<http::Handler> make_handler(http::Loop& loop);

  struct Parts;  // the .cpp's own

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace hearth::events
