#include "events/call_names.h"

#include "domain/error.h"
#include "domain/hex.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>

namespace hearth::events {
namespace {

constexpr std::size_t kRandom = 10;  // bytes of one name

void fill(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const auto count = ::getrandom(bytes.data(), std::min<std::size_t>(bytes.size(), 256), 0);
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string CallNames::next(domain::WallTime now) {
  if (left_ < kRandom) {
    fill(random_);
    left_ = random_.size();
  }
  left_ -= kRandom;
  std::array<unsigned char, 16> bytes{};
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (int i = 0; i < 6; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(time >> (40 - 8 * i));
  std::copy_n(random_.begin() + static_cast<std::ptrdiff_t>(left_), kRandom, bytes.begin() + 6);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return domain::to_hex(bytes);
}

}  // namespace hearth::events
