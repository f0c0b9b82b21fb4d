// Names for calls: 128 random bits in hex, from a generator of each thread. Not secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace hearth::gateway {

class CallIds {
 public:
  CallIds();  // seeded by the system

  using Text = std::array<char, 32>;
  Text next() noexcept;
  // A W3C traceparent (level 1) that begins a trace: "00-…-…-01".
  std::array<char, 55> next_trace() noexcept;

 private:
  std::uint64_t random() noexcept;

  std::array<std::uint64_t, 4> state_;
};

inline std::string_view view(const CallIds::Text& id) noexcept { return {id.data(), id.size()}; }

// Whether a client's traceparent may be handed on.
bool is_traceparent(std::string_view text) noexcept;

}  // namespace hearth::gateway
