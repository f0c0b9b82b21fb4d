#include "gateway/call_ids.h"

#include <bit>
#include <cstring>
#include <random>

namespace hearth::gateway {
namespace {

// The two digits of each byte.
constexpr auto kHex = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return pairs;
}();

char* write_hex(char* to, std::uint64_t value) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8, to += 2) std::memcpy(to, kHex[(value >> shift) & 255].data(), 2);
  return to;
}

bool is_hex(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

CallIds::CallIds() {
  std::random_device device;
  for (auto& word : state_) word = (std::uint64_t{device()} << 32) | device() | 1;
}

// xoshiro256++ (Blackman and Vigna).
std::uint64_t CallIds::random() noexcept {
  const auto result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const auto shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

CallIds::Text CallIds::next() noexcept {
  Text text;
  write_hex(write_hex(text.data(), random()), random());
  return text;
}

std::array<char, 55> CallIds::next_trace() noexcept {
  std::array<char, 55> text;
  char* at = text.data();
  *at++ = '0', *at++ = '0', *at++ = '-';
  at = write_hex(write_hex(at, random() | 1), random());
  *at++ = '-';
  at = write_hex(at, random() | 1);
  *at++ = '-', *at++ = '0', *at++ = '1';
  return text;
}

bool is_traceparent(std::string_view text) noexcept {
  return text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' && is_hex(text.substr(0, 2)) &&
         text.substr(0, 2) != "ff" && is_hex(text.substr(3, 32)) && !is_zero(text.substr(3, 32)) &&
         is_hex(text.substr(36, 16)) && !is_zero(text.substr(36, 16)) && is_hex(text.substr(53, 2));
}

}  // namespace hearth::gateway
