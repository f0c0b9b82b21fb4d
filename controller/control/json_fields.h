// Reads one JSON object strictly: each key at most once, each of its type, and a complaint for every other key with
// the nearest one that is known.
#pragma once

#include "domain/function.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::control {

using Complaints = std::vector<domain::Complaint>;

// Parses a whole text; throws InvalidDocument with line and column where it is no JSON, or a key stands twice.
nlohmann::json parse_json(std::string_view text);

// The candidate nearest to `word` by edit distance; empty where none is near enough to be what was meant.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// References outlive it. Readers leave their target alone where the key is absent or wrong.
class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string path, Complaints& complaints);

  void text(std::string_view key, std::string& into);
  void count(std::string_view key, std::uint32_t& into);
  void number(std::string_view key, std::uint64_t& into);
  void bytes(std::string_view key, domain::Bytes& into);                 // "256Mi", or a plain number
  void duration(std::string_view key, std::chrono::milliseconds& into);  // "30s"
  void cpu(std::string_view key, std::uint32_t& millis);                 // 0.5, "0.5", "500m"
  void flag(std::string_view key, bool& into);                           // true or false
  void choice(std::string_view key, std::string_view no, std::string_view yes, bool& into);
  void texts(std::string_view key, std::vector<std::string>& into);            // an array
  void texts(std::string_view key, std::map<std::string, std::string>& into);  // an object
  // The value of a nested object, or null where the key is absent.
  const nlohmann::json* child(std::string_view key);
  std::string path_of(std::string_view key) const;

  // Complains of every key that nobody asked for. Call it last.
  void finish();

 private:
  const nlohmann::json* find(std::string_view key);
  void complain(std::string_view key, std::string message);

  const nlohmann::json& object_;
  std::string path_;
  Complaints& complaints_;
  std::vector<std::string_view> known_;
};

}  // namespace hearth::control
