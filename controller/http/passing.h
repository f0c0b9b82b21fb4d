// What of a message's head may be passed on to the next hop. Pure.
#pragma once

#include "http/head.h"

#include <string_view>

namespace hearth::http {

// The fields of one head; lives no longer than it.
class Passing {
 public:
  explicit Passing(const Head& head) noexcept;
  // False for fields of one hop: those that always are, and those that `Connection` names (RFC 9110 §7.6.1).
  bool passes(const Field& field) const noexcept;

 private:
  const Head& head_;
  bool names_ = false;  // `Connection` says more than what every server understands
};

// Of a client's request: who calls, by which way, and with which parameters is only ours to say, since a function may
// believe it; and that it waits for a 100 was for us.
bool is_of_the_way(const Field& field) noexcept;

// Of a client, "192.0.2.1:4711" or "[::1]:4711", without its port.
std::string_view address_of(std::string_view peer) noexcept;

}  // namespace hearth::http
