#include "config.h"

#include "domain/error.h"
#include "domain/function.h"
#include "net/own_address.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace hearth {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
namespace fs = std::filesystem;

constexpr std::uint32_t kMostThreads = 256;  // of the gateway
constexpr std::uint32_t kMostParked = 256;   // of a bridge's addresses there are 65,000, but of its ports 1,023

// A setting's name is hearth.yaml's key; --the-flag and HEARTH_THE_VARIABLE are made of it.
using Words = std::map<std::string, std::string>;
struct Setting {
  std::string help;
  std::string type;
};

const std::map<std::string, Setting>& settings() {
  static const std::map<std::string, Setting> all{
      {"gateway", {"where functions answer", "HOST:PORT"}},
      {"api", {"where the management API answers", "HOST:PORT"}},
      {"config_dir", {"the token and hearth.yaml", "FOLDER"}},
      {"state_dir", {"what lasts: the store, packages, logs", "FOLDER"}},
      {"run_dir", {"what a reboot may lose: sockets, which container is whose", "FOLDER"}},
      {"templates", {"a folder for each runtime", "FOLDER"}},
      {"docker_host", {"where Docker listens: unix:///FILE or tcp://HOST:PORT of this machine", "URL"}},
      {"docker_socket", {"the same for a socket; by default $DOCKER_HOST, else /var/run/docker.sock", "FILE"}},
      {"docker_tls_verify", {"TLS to a tcp:// Docker, with the files of docker_cert_path", "true|false"}},
      {"docker_cert_path", {"ca.pem, cert.pem and key.pem; by default $DOCKER_CERT_PATH, else ~/.docker", "FOLDER"}},
      {"ca_bundle", {"certificates that builds trust; by default the system's", "FILE"}},
      {"threads", {"of the gateway; 0: one a core", "N"}},
      {"max_starts", {"containers being started at once", "N"}},
      {"cells_min", {"containers that stand ready for cold starts, at least, of each runtime in use", "N"}},
      {"cells_max", {"containers that stand ready for cold starts, at most, of each runtime; 0: none", "N"}},
      {"memory", {"for all replicas together, by their limits.memory; 0: four fifths of the machine's", "SIZE"}},
      {"parked_max", {"networks that stand ready for starts by image, of each kind in use, at most; 0: none", "N"}},
      {"parked_min", {"and at least", "N"}},
      {"stop_grace", {"from SIGTERM to SIGKILL of a container", "TIME"}},
      {"drain", {"for calls in flight when hearthd ends", "TIME"}},
      {"websocket_idle", {"a WebSocket without a byte for so long is closed; 0s: never", "TIME"}},
      {"websocket_max", {"a WebSocket older than this is closed; 0s: never", "TIME"}},
      {"async_at_once", {"attempts of stored calls that run, of all functions together", "N"}},
      {"async_body", {"what the body of a stored call, and its answer, may have", "SIZE"}},
      {"async_keep", {"how long a stored call that ended is kept, with its answer", "TIME"}},
      {"async_keep_dead", {"and one that was given up", "TIME"}},
      {"keep_usage", {"what functions took, day by day", "DAYS"}},
      {"replace_drain", {"for calls in flight when another hearthd takes its place", "TIME"}},
      {"log_level", {"debug, info, warn or error", "LEVEL"}},
      {"log_format", {"text or json", "FORMAT"}},
  };
  return all;
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::string variable_of(const std::string& name) {
  std::string variable = "HEARTH_" + name;
  for (auto& c : variable) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

fs::path from_environment(const char* variable, const fs::path& otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? fs::path{value} : otherwise;
}

std::string text_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

Words defaults() {
  Words words{{"gateway", "127.0.0.1:8080"},
              {"api", "127.0.0.1:8081"},
              {"docker_host", ""},
              {"docker_socket", ""},
              {"docker_tls_verify", text_from("DOCKER_TLS_VERIFY").empty() ? "false" : "true"},
              {"docker_cert_path", ""},
              {"ca_bundle", ""},
              {"threads", "0"},
              {"max_starts", "8"},
              {"cells_min", "1"},
              {"cells_max", "8"},
              {"memory", "0"},
              {"parked_min", "2"},
              {"parked_max", "8"},
              {"stop_grace", "10s"},
              {"drain", "10s"},
              {"websocket_idle", "1h"},
              {"websocket_max", "24h"},
              {"async_at_once", "256"},
              {"async_body", "64Mi"},
              {"async_keep", "24h"},
              {"async_keep_dead", "168h"},
              {"keep_usage", "400d"},
              {"replace_drain", "10m"},
              {"log_level", "info"},
              {"log_format", "text"},
              {"templates", ""}};
  if (::geteuid() == 0) {
    words.insert({{"config_dir", "/etc/hearth"}, {"state_dir", "/var/lib/hearth"}, {"run_dir", "/run/hearth"}});
    return words;
  }
  const auto home = from_environment("HOME", fs::temp_directory_path());
  const auto state = from_environment("XDG_STATE_HOME", home / ".local/state") / "hearth";
  const auto runtime = from_environment("XDG_RUNTIME_DIR", "");
  words["config_dir"] = from_environment("XDG_CONFIG_HOME", home / ".config") / "hearth";
  words["state_dir"] = state;
  words["run_dir"] = runtime.empty() ? state / "run" : runtime / "hearth";
  return words;
}

// hearthd(8), of the same table as the flags.
void print_manual() {
  std::string text = ".TH HEARTHD 8 \"\" \"Hearth " HEARTH_VERSION
                     "\" \"Hearth\"\n.SH NAME\nhearthd \\- keeps functions as containers, "
                     "from none to many and back\n.SH SYNOPSIS\n.B hearthd\n[\\fIOPTION\\fR ...]\n.SH OPTIONS\n"
                     "Each is also a HEARTH_... variable and a key of hearth.yaml in its configuration folder.\n";
  for (const auto& [name, setting] : settings()) {
    text += ".TP\n\\fB\\-\\-" + replaced(name, '_', '-') + " " + setting.type + "\\fR\n" + setting.help + " (" +
            variable_of(name) + ")\n";
  }
  std::puts((text + ".SH SEE ALSO\n.BR fn (1)").c_str());
}

// docs/reference/hearth-yaml.md, of the same table. What differs between root and others is told in words.
void print_reference() {
  std::string text = R"(# hearth.yaml

Made from hearthd's own table of settings by `./dev docs`: change it there. The file lies in the configuration folder
(`/etc/hearth` for root, `~/.config/hearth` for others), and holds `key: value` lines. A flag goes before a variable, and that before
the file. A key that hearthd does not know, or a value that it does not understand, is told with its line, and it does not start.

| key | what it is | default | flag | variable |
|---|---|---|---|---|
)";
  const auto usual = defaults();
  for (const auto& [name, setting] : settings()) {
    const auto value = name.ends_with("_dir")   ? "by the user"
                       : usual.at(name).empty() ? ""
                                                : "`" + usual.at(name) + "`";
    auto type = setting.type;
    for (auto bar = type.find('|'); bar != type.npos; bar = type.find('|', bar + 2)) type.insert(bar, "\\");
    text += "| " + (name == "config_dir" ? "" : "`" + name + "`") + " | " + setting.help + " | " + value + " | `--" +
            replaced(name, '_', '-') + " " + type + "` | `" + variable_of(name) + "` |\n";
  }
  text += R"(
Where a `_dir` is by default: root has `/etc/hearth`, `/var/lib/hearth` and `/run/hearth`; others have `hearth` in
`$XDG_CONFIG_HOME`, `$XDG_STATE_HOME` and `$XDG_RUNTIME_DIR`.
)";
  std::fputs(text.c_str(), stdout);
}

// Puts what flags and variables say over `words`; false when only help was asked for.
bool put_flags(int argc, const char* const* argv, Words& words, bool& replace) {
  CLI::App app{"hearthd: keeps functions as containers, from none to many and back\n"};
  app.set_version_flag("--version", "hearthd " HEARTH_VERSION);
  bool manual = false;
  bool reference = false;
  app.add_flag("--man", manual, "print hearthd(8), for man -l");
  app.add_flag("--reference", reference, "print the page of the docs about hearth.yaml");
  app.add_flag("--replace", replace, "take the place of the hearthd that runs, without losing a call");
  app.footer("Each setting is also a HEARTH_… variable and a key of hearth.yaml (in its config folder).");
  for (const auto& [name, setting] : settings()) {
    app.add_option("--" + replaced(name, '_', '-'), words[name], setting.help)
        ->type_name(setting.type)
        ->envname(variable_of(name))
        ->capture_default_str();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error), false;
    throw Error{Code::invalid, Layer::client, error.what(), "hearthd --help tells the flags"};
  }
  if (manual) print_manual();
  if (reference) print_reference();
  return !manual && !reference;
}

[[noreturn]] void wrong(const fs::path& file, const YAML::Mark& mark, const std::string& what) {
  throw Error{
      Code::invalid, Layer::client,
      file.string() + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " + what};
}

void put_file(const fs::path& file, Words& words) {
  if (!fs::exists(file)) return;
  YAML::Node root;
  try {
    root = YAML::LoadFile(file);
  } catch (const YAML::ParserException& error) {
    wrong(file, error.mark, error.msg);
  } catch (const YAML::Exception& error) {
    throw Error{Code::invalid, Layer::client, file.string() + " cannot be read: " + error.what()};
  }
  if (root.IsNull()) return;
  if (!root.IsMap()) wrong(file, root.Mark(), "must be a list of `key: value` lines");
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>("");
    if (!settings().contains(key) || key == "config_dir") {
      std::string known;
      for (const auto& [name, setting] : settings()) known += (known.empty() ? "" : ", ") + name;
      wrong(file, entry.first.Mark(), "unknown key " + key + "; the keys are " + known);
    }
    if (!entry.second.IsScalar()) wrong(file, entry.second.Mark(), key + " takes one value");
    words[key] = entry.second.Scalar();
  }
}

template <class Value>
Value understood(const Words& words, const std::string& name, const std::optional<Value>& value,
                 const std::string& wanted) {
  if (value) return *value;
  throw Error{Code::invalid, Layer::client, name + " is " + words.at(name) + ", and must be " + wanted,
              "it is set by --" + replaced(name, '_', '-') + ", " + variable_of(name) + " or hearth.yaml"};
}

std::optional<std::uint32_t> parse_count(const std::string& text) {
  if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  return static_cast<std::uint32_t>(std::stoul(text));
}

std::optional<std::uint32_t> at_most(std::optional<std::uint32_t> count, std::uint32_t most) {
  return count && *count <= most ? count : std::nullopt;
}

std::optional<std::chrono::days> parse_days(const std::string& text) {
  if (!text.ends_with('d')) return std::nullopt;
  const auto count = parse_count(text.substr(0, text.size() - 1));
  if (!count || *count == 0) return std::nullopt;
  return std::chrono::days{*count};
}

// Beside the program, its prefix's share, the source tree around it.
fs::path find_templates() {
  const auto program = fs::read_symlink("/proc/self/exe").parent_path();
  for (const auto& folder : {program / "../share/hearth/templates", program / "../templates",
                             program / "../../templates", program / "../../../templates"}) {
    if (fs::is_directory(folder)) return fs::canonical(folder);
  }
  return {};
}

fs::path find_ca_bundle() {
  const auto bundle = from_environment("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt");
  return fs::exists(bundle) ? bundle : fs::path{};
}

// As Docker's own clients know it.
net::TlsFiles find_certificates(const Words& words) {
  fs::path folder = words.at("docker_cert_path");
  if (folder.empty()) folder = from_environment("DOCKER_CERT_PATH", fs::path{text_from("HOME")} / ".docker");
  net::TlsFiles files{.ca = folder / "ca.pem", .certificate = folder / "cert.pem", .key = folder / "key.pem"};
  for (const auto& file : {files.ca, files.certificate, files.key}) {
    if (::access(file.c_str(), R_OK) == 0) continue;
    throw Error{Code::invalid, Layer::client, "TLS to Docker needs " + file + ": " + std::strerror(errno),
                "docker_cert_path (or DOCKER_CERT_PATH) names the folder of ca.pem, cert.pem and key.pem"};
  }
  return files;
}

docker::Location find_docker(const Words& words) {
  const auto& host = words.at("docker_host");
  const auto& socket = words.at("docker_socket");
  if (!host.empty() && !socket.empty()) {
    throw Error{Code::invalid, Layer::client, "docker_host and docker_socket are both set", "set one of them"};
  }
  if (!socket.empty()) return {.socket = socket};
  const auto usual = text_from("DOCKER_HOST");
  if (host.empty() && usual.empty()) return {.socket = "/var/run/docker.sock"};
  auto docker = docker::parse_location(host.empty() ? usual : host);
  if (!docker.socket.empty()) return docker;
  const auto tls = words.at("docker_tls_verify");
  if (understood(words, "docker_tls_verify", tls == "true" || tls == "false" ? std::optional{tls} : std::nullopt,
                 "true or false") == "true") {
    docker.tls = find_certificates(words);
  }
  if (net::is_own_address(net::host_of_url(docker.authority))) return docker;
  throw Error{Code::invalid, Layer::client,
              "Docker at " + to_string(docker) + " is on another machine, whose functions hearthd could not call",
              "run hearthd on that machine: it reaches functions by their sockets and addresses there"};
}

// The rest is for the system, Docker, and ourselves.
domain::Bytes most_of_the_machine() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  return {pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 5 * 4};
}

Config understand(const Words& words) {
  using domain::parse_duration;
  const auto time = [&](const std::string& name) {
    return understood(words, name, parse_duration(words.at(name)), "a time with a unit, such as 10s");
  };
  const auto count = [&](const std::string& name) {
    return understood(words, name, parse_count(words.at(name)), "a whole number");
  };
  const auto format = words.at("log_format");
  understood(words, "log_format", format == "text" || format == "json" ? std::optional{format} : std::nullopt,
             "text or json");
  Config config{.gateway = words.at("gateway"),
                .api = words.at("api"),
                .config_dir = words.at("config_dir"),
                .state_dir = words.at("state_dir"),
                .run_dir = words.at("run_dir"),
                .templates = words.at("templates"),
                .docker = find_docker(words),
                .ca_bundle = words.at("ca_bundle"),
                .threads = understood(words, "threads", at_most(parse_count(words.at("threads")), kMostThreads),
                                      "a whole number, at most " + std::to_string(kMostThreads)),
                .max_starts = std::max(1u, count("max_starts")),
                .cells = {.min = count("cells_min"), .max = count("cells_max")},
                .memory = understood(words, "memory", domain::parse_bytes(words.at("memory")), "a size, such as 12Gi"),
                .parked_min = count("parked_min"),
                .parked_max = understood(words, "parked_max", at_most(parse_count(words.at("parked_max")), kMostParked),
                                         "a whole number, at most " + std::to_string(kMostParked)),
                .stop_grace = time("stop_grace"),
                .drain = time("drain"),
                .websocket_idle = time("websocket_idle"),
                .websocket_max = time("websocket_max"),
                .keep_usage = understood(words, "keep_usage", parse_days(words.at("keep_usage")),
                                         "a number of days from 1 on, such as 400d"),
                .async_at_once = std::max(1u, count("async_at_once")),
                .async_body = understood(words, "async_body", domain::parse_bytes(words.at("async_body")),
                                         "a size, such as 64Mi"),
                .async_keep = time("async_keep"),
                .async_keep_dead = time("async_keep_dead"),
                .replace_drain = time("replace_drain"),
                .log_level = understood(words, "log_level", telemetry::log::parse_level(words.at("log_level")),
                                        "debug, info, warn or error"),
                .log_json = format == "json"};
  if (config.parked_max != 0 && config.parked_min > config.parked_max) {
    throw Error{Code::invalid, Layer::client,
                "parked_min is " + words.at("parked_min") + ", and parked_max no more than " + words.at("parked_max"),
                "raise parked_max, or set it to 0 for none"};
  }
  if (config.templates.empty()) config.templates = find_templates();
  if (config.ca_bundle.empty()) config.ca_bundle = find_ca_bundle();
  if (config.memory.count == 0) config.memory = most_of_the_machine();
  return config;
}

}  // namespace

std::optional<Config> read_config(int argc, const char* const* argv) {
  auto first = defaults();
  bool replace = false;
  if (!put_flags(argc, argv, first, replace)) return std::nullopt;  // it also tells where hearth.yaml is
  auto words = defaults();
  put_file(fs::path{first.at("config_dir")} / "hearth.yaml", words);
  put_flags(argc, argv, words, replace);
  auto config = understand(words);
  config.replace = replace;
  return config;
}

}  // namespace hearth
