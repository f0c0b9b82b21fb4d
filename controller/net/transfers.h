// Many exchanges at once on one thread, which is its own: for who has hundreds of calls under way. Connections are kept
// and used again.
#pragma once

#include "domain/error.h"
#include "net/http_client.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>

namespace hearth::net {

// What comes of one transfer, told on the thread of the transfers; each must return soon, and `done` is told once.
struct Hearing {
  OnHead head = {};
  OnBody body = {};  // where it is absent, the answer has it
  std::function<void(std::variant<Response, domain::Fault>)> done;
};

class Transfers {
 public:
  explicit Transfers(Endpoint endpoint);
  // Breaks off what is under way: each hears of it as `cancelled`.
  ~Transfers();

  // Any thread, never blocks. Answers a number to stop it by.
  std::uint64_t start(Request request, Hearing hearing);
  // It ends as `cancelled` soon, unless it has ended.
  void stop(std::uint64_t number);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::net
