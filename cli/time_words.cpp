#include "cli/time_words.h"

#include "domain/function.h"

#include <array>
#include <ctime>

namespace hearth::cli {
namespace {

std::string written(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

// Whether `text` has the digits and signs of `shape`, whose digits are written 0.
bool is_shaped(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == '0' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> time_from_words(std::string_view text, std::chrono::system_clock::time_point now) {
  if (const auto ago = domain::parse_duration(text)) return written(now - *ago);
  constexpr std::string_view kWhole = "0000-00-00T00:00:00";
  auto bare = text;
  if (bare.ends_with('Z')) bare.remove_suffix(1);
  const auto fraction = bare.find('.');
  const auto point = fraction == std::string_view::npos ? std::string_view{} : bare.substr(fraction);
  const bool fine = point.empty() || (point.size() > 1 && point.find_first_not_of("0123456789", 1) == point.npos);
  if (is_shaped(bare.substr(0, fraction), kWhole) && fine) return std::string(bare) + "Z";
  for (const auto length : {std::size_t{10}, std::size_t{16}}) {
    if (is_shaped(bare, kWhole.substr(0, length))) return std::string(bare) + std::string(kWhole.substr(length)) + "Z";
  }
  return std::nullopt;
}

}  // namespace hearth::cli
