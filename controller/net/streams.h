// Many long answers read by one thread: event feeds, followed logs. Callbacks come from that thread and must return
// soon.
#pragma once

#include "domain/error.h"
#include "net/http_client.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace hearth::net {

class Streams {
 public:
  using Id = std::uint64_t;
  // Hears once, last: nothing where the answer came to its end.
  using OnEnd = std::function<void(const std::optional<domain::Fault>& fault)>;

  explicit Streams(Endpoint endpoint);
  ~Streams();  // breaks off what is still open; its `on_end` hears of that

  // Any thread, also from a callback; returns at once. `on_head` as HttpClient's; `on_body` returns false to end it.
  Id open(Request request, OnHead on_head, OnBody on_body, OnEnd on_end);
  // Breaks it off, and its `on_end` hears of that; nothing happens where it has ended. Any thread; returns at once.
  void close(Id stream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::net
