#include "domain/replica.h"

#include <charconv>

namespace hearth::domain {

std::string format_replica(ReplicaId replica) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, replica >>= 4) *digit = kDigits[replica & 15];
  return text;
}

std::optional<ReplicaId> parse_replica(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  ReplicaId replica = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), replica, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (format_replica(replica) != text) return std::nullopt;  // one spelling only: it names folders
  return replica;
}

}  // namespace hearth::domain
