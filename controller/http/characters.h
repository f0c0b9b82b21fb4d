// Which bytes HTTP allows where (RFC 9110 §5, RFC 9112), as tables, and comparisons that ignore case.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hearth::http {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet bytes_of(std::string_view members, bool alphanumeric) {
  ByteSet set{};
  for (const char c : members) set[static_cast<unsigned char>(c)] = true;
  for (int c = 0; alphanumeric && c < 128; ++c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) set[c] = true;
  }
  return set;
}

constexpr ByteSet bytes_between(int first, int last, std::string_view except = {}) {
  ByteSet set{};
  for (int c = first; c <= last; ++c) set[c] = true;
  for (const char c : except) set[static_cast<unsigned char>(c)] = false;
  return set;
}

inline constexpr ByteSet kToken = bytes_of("!#$%&'*+-.^_`|~", true);
inline constexpr ByteSet kTarget = bytes_between(0x21, 0x7e, "#");  // a fragment is never sent
inline constexpr ByteSet kHost = bytes_of("-._~%!$&'()*+;=:[]", true);

inline bool all_of(const ByteSet& set, std::string_view text) noexcept {
  for (const char c : text) {
    if (!set[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

// True when `text` may be a field's value: no control character but the tab.
inline bool is_field_text(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    const std::uint64_t del = word ^ (kOnes * 0x7f);
    const std::uint64_t suspect = ((word - kOnes * 0x20) & ~word) | ((del - kOnes) & ~del);
    if (suspect & (kOnes * 0x80)) break;  // looked at more closely below: it may be a tab
  }
  for (; at != end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// `lowered` is in lower case already.
constexpr bool same_ignoring_case(std::string_view text, std::string_view lowered) noexcept {
  if (text.size() != lowered.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lowered[i]) return false;
  }
  return true;
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `use` with each non-empty member of a comma-separated list.
template <class Use>
constexpr void for_each_member(std::string_view list, Use&& use) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto member = trimmed(list.substr(0, comma));
    if (!member.empty()) use(member);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

}  // namespace hearth::http
