#include "cli/paths.h"

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;

fs::path home() { return environment("HOME").value_or("/nonexistent"); }

fs::path user_config() { return fs::path(environment("XDG_CONFIG_HOME").value_or(home() / ".config")) / "hearth"; }

// The same as hearthd's own.
Folders usual_folders() {
  if (::geteuid() == 0) return {"/etc/hearth", "/var/lib/hearth", "/run/hearth"};
  const auto state = fs::path(environment("XDG_STATE_HOME").value_or(home() / ".local/state")) / "hearth";
  const auto run = environment("XDG_RUNTIME_DIR");
  return {user_config(), state, run ? fs::path(*run) / "hearth" : state / "run"};
}

bool is_program(const fs::path& path) { return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0; }

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);  // nothing here ever sets a variable
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Folders default_folders() {
  auto folders = usual_folders();
  if (const auto config = environment("HEARTH_CONFIG_DIR")) folders.config = *config;
  if (const auto state = environment("HEARTH_STATE_DIR")) folders.state = *state;
  if (const auto run = environment("HEARTH_RUN_DIR")) folders.run = *run;
  return folders;
}

std::string base_url(std::string_view address) {
  std::string url(address);
  if (url.find("://") == std::string::npos) url = "http://" + url;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Token given_token() {
  const auto token = environment("HEARTH_TOKEN");
  return token ? Token{*token, "HEARTH_TOKEN"}
               : Token{"", "no token in HEARTH_TOKEN, and no --token-file or context names one"};
}

Token find_token(const fs::path& given) {
  if (given.empty()) {
    if (const auto token = environment("HEARTH_TOKEN")) return {*token, "HEARTH_TOKEN"};
  }
  std::vector<fs::path> files{given};
  if (given.empty()) {
    files = {user_config() / "token", "/etc/hearth/token"};
    if (const auto config = environment("HEARTH_CONFIG_DIR")) files = {fs::path(*config) / "token"};
  }
  std::string reasons;
  for (const auto& file : files) {
    errno = 0;
    std::ifstream stream(file);
    std::string text;
    if (stream && std::getline(stream, text) && !trimmed(text).empty()) return {trimmed(text), file.string()};
    const int reason = errno;
    reasons += (reasons.empty() ? "" : ", ") + file.string() + " (" +
               (reason != 0 ? std::strerror(reason) : "it is empty") + ")";
  }
  return {"", "no token in HEARTH_TOKEN, " + reasons};
}

fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::optional<fs::path> find_daemon() {
  if (const auto named = environment("HEARTHD")) {
    return is_program(*named) ? std::optional{fs::absolute(*named)} : std::nullopt;
  }
  if (const auto beside = program_folder() / "hearthd"; is_program(beside)) return beside;
  // The build tree keeps each program in its part's folder.
  if (const auto built = program_folder().parent_path() / "controller" / "hearthd"; is_program(built)) return built;
  std::string_view rest = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto path = fs::path(rest.substr(0, end)) / "hearthd";
    if (end > 0 && is_program(path)) return fs::absolute(path);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

std::optional<fs::path> find_templates() {
  if (const auto named = environment("HEARTH_TEMPLATES")) {
    return fs::is_directory(*named) ? std::optional{fs::absolute(*named)} : std::nullopt;
  }
  const auto folder = program_folder();
  const auto prefix = folder.parent_path();
  // Installed, or unpacked beside bin/; then a build folder inside the source tree, two or three levels down.
  for (const auto& path : {prefix / "share/hearth/templates", prefix / "templates", prefix.parent_path() / "templates",
                           prefix.parent_path().parent_path() / "templates"}) {
    if (fs::is_directory(path)) return path;
  }
  return std::nullopt;
}

std::vector<std::string> known_runtimes() {
  std::vector<std::string> names;
  const auto templates = find_templates();
  if (!templates) return names;
  for (const auto& entry : fs::directory_iterator(*templates)) {
    if (fs::is_directory(entry.path() / "starter")) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace hearth::cli
