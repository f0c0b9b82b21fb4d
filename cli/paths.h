// Where things are: the folders of an installation, its token, the daemon beside us, the templates.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

// Nothing when unset or empty.
std::optional<std::string> environment(const char* name);

// Root: /etc/hearth, /var/lib/hearth, /run/hearth; others: XDG's. HEARTH_CONFIG_DIR, HEARTH_STATE_DIR and
// HEARTH_RUN_DIR go before both.
struct Folders {
  std::filesystem::path config;
  std::filesystem::path state;
  std::filesystem::path run;
};
Folders default_folders();

// "127.0.0.1:8081" and "http://127.0.0.1:8081/" alike → "http://127.0.0.1:8081".
std::string base_url(std::string_view address);

struct Token {
  std::string text;    // empty where none was found
  std::string origin;  // where it came from, or why there is none, in words
};
// The file given, else HEARTH_TOKEN, else HEARTH_CONFIG_DIR/token where that is set, else the first readable one of the
// user's and the system's.
Token find_token(const std::filesystem::path& given);
// HEARTH_TOKEN or none.
Token given_token();

// The folder of the running program.
std::filesystem::path program_folder();

// hearthd: HEARTHD, beside the program, on PATH; nothing where none of them can be executed.
std::optional<std::filesystem::path> find_daemon();

// The folder that holds a folder for each runtime: HEARTH_TEMPLATES, beside the program, its prefix's share, the
// source tree around it.
std::optional<std::filesystem::path> find_templates();
// The runtimes in there that have a starter, sorted.
std::vector<std::string> known_runtimes();

}  // namespace hearth::cli
