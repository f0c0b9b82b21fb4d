// The engine's JSON, whatever its shape: what is missing or of another type is its default, so that no answer of an
// engine can stop hearthd. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace hearth::docker {

inline const nlohmann::json* find_member(const nlohmann::json& value, const char* key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

// An object; Docker writes null for what is empty.
inline const nlohmann::json& object(const nlohmann::json& value, const char* key) {
  static const nlohmann::json empty = nlohmann::json::object();
  const auto* found = find_member(value, key);
  return found && found->is_object() ? *found : empty;
}

inline const nlohmann::json& array(const nlohmann::json& value, const char* key) {
  static const nlohmann::json empty = nlohmann::json::array();
  const auto* found = find_member(value, key);
  return found && found->is_array() ? *found : empty;
}

inline std::string text_of(const nlohmann::json& value, const char* key) {
  const auto* found = find_member(value, key);
  return found && found->is_string() ? found->get<std::string>() : std::string{};
}

inline bool flag_of(const nlohmann::json& value, const char* key) {
  const auto* found = find_member(value, key);
  return found && found->is_boolean() && found->get<bool>();
}

// 0 where it is none, or does not fit.
template <class Integer>
Integer number_of(const nlohmann::json& value, const char* key) {
  const auto* found = find_member(value, key);
  if (!found || !found->is_number_integer()) return 0;
  if (found->is_number_unsigned()) {
    const auto number = found->get<std::uint64_t>();
    return std::in_range<Integer>(number) ? static_cast<Integer>(number) : Integer{0};
  }
  const auto number = found->get<std::int64_t>();
  return std::in_range<Integer>(number) ? static_cast<Integer>(number) : Integer{0};
}

}  // namespace hearth::docker
