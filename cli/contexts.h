// The controllers that a user works with, by name: contexts.json in the user's configuration folder, mode 0600. It
// names the files of tokens, never a token. Without it there is the hearthd of this machine, as the context `local`.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace hearth::cli {

inline constexpr std::string_view kLocalContext = "local";

struct Controller {
  std::string api;                   // "https://hearth.example.org:8081"
  std::filesystem::path token_file;  // empty: HEARTH_TOKEN alone
  std::filesystem::path ca_file;     // the authorities that are trusted; empty: the system's
  std::string space;                 // the namespace where none is given; empty: default
};

struct Contexts {
  std::string current;  // empty: local
  std::map<std::string, Controller> named;

  // Throws `not_found` with the nearest name.
  const Controller& find(const std::string& name) const;
};

// $XDG_CONFIG_HOME/hearth/contexts.json
std::filesystem::path contexts_file();

// What the file says; nothing where there is none. Throws `invalid` for one that cannot be read.
Contexts read_contexts(const std::filesystem::path& file);
// Replaces the file as a whole. Throws `internal`.
void write_contexts(const std::filesystem::path& file, const Contexts& contexts);

}  // namespace hearth::cli
