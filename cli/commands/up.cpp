#include "cli/commands/up.h"

#include "cli/daemon.h"
#include "cli/daemon_log.h"
#include "cli/paths.h"
#include "cli/problem.h"
#include "cli/progress.h"
#include "cli/views.h"
#include "net/pause.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Layer;

std::string without_scheme(const std::string& url) {
  const auto scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(scheme + 3);
}

std::vector<std::string> arguments_of(const Context& context, const UpOptions& options) {
  std::vector<std::string> arguments;
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {flag, value});
  };
  // hearthd starts in another folder than this one.
  const auto add_path = [&](const char* flag, const fs::path& path) {
    if (!path.empty()) add(flag, fs::absolute(path).string());
  };
  const auto gateway = options.gateway.empty() ? environment("HEARTH_GATEWAY").value_or("") : options.gateway;
  add("--gateway", without_scheme(gateway.empty() ? "" : base_url(gateway)));
  if (context.api_given) add("--api", without_scheme(context.api));
  add_path("--state-dir", options.state_dir);
  add_path("--run-dir", options.run_dir);
  add_path("--config-dir", options.config_dir);
  add_path("--templates", options.templates);
  add_path("--docker-socket", options.docker_socket);
  add("--log-level", options.log_level);
  if (options.replace) arguments.emplace_back("--replace");
  return arguments;
}

// Nothing: ready. Else why not.
std::optional<Fault> ask_readiness(const Context& context, std::chrono::milliseconds patience) {
  net::HttpClient http({.base = context.api, .unix_socket = {}});
  try {
    const auto answer =
        http.send({.target = "/readyz", .timeout = patience, .connect_timeout = patience}, context.stop);
    if (answer.status == 200) return std::nullopt;
    return read_problem(answer.status, answer.body);
  } catch (const Error& error) {
    if (error.fault().code == Code::cancelled) throw;
    return error.fault();
  }
}

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  net::pause(std::chrono::steady_clock::now() + time, stop);
  if (stop.stop_requested()) throw Error(Code::cancelled, Layer::client, "starting hearthd was interrupted");
}

Token token(const Context& context, const UpOptions& options) {
  return options.config_dir.empty() ? context.token() : find_token(options.config_dir / "token");
}

// While one hearthd takes the place of another, either may answer.
bool serves(const Context& context, const UpOptions& options, const Daemon& daemon) {
  try {
    const auto info = Client(context.api, token(context, options), context.stop).get("/v1/info");
    return number_at(info, "pid") == static_cast<std::uint64_t>(daemon.pid);
  } catch (const Error& error) {
    if (error.fault().code != Code::unavailable) throw;
    return false;
  }
}

void await_readiness(const Context& context, const UpOptions& options, const Daemon& daemon, const DaemonLog& log) {
  constexpr std::chrono::milliseconds kBetween{50};
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  for (;;) {
    // Asked first: a hearthd that has ended leaves its address to another one, which may well be ready.
    if (has_ended(daemon)) throw Error(log.why_it_ended());
    auto fault = ask_readiness(context, std::chrono::seconds(2));
    if (!fault && (!options.replace || serves(context, options, daemon))) return;
    if (std::chrono::steady_clock::now() >= deadline) {
      if (!fault) fault = Fault{.message = "the one before it still serves"};
      fault->code = Code::unavailable;
      fault->message = "hearthd runs (pid " + std::to_string(daemon.pid) + ") but is not ready: " + fault->message;
      if (fault->hint.empty()) fault->hint = "see its log: " + log.path().string();
      throw Error(std::move(*fault));
    }
    pause(kBetween, context.stop);
  }
}

std::string gateway_of(const Context& context, const UpOptions& options) {
  try {
    const auto info = Client(context.api, token(context, options), context.stop).get("/v1/info");
    for (const char* key : {"gateway", "gateway_url", "url"}) {
      if (auto url = text_at(info, key); !url.empty()) return url;
    }
  } catch (const Error& error) {
    if (error.fault().code == Code::cancelled) throw;  // else the address is only not told
  }
  return options.gateway.empty() ? "" : base_url(options.gateway);
}

void report(const Context& context, const UpOptions& options, bool started, pid_t pid, const fs::path& log) {
  const auto gateway = gateway_of(context, options);
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    nlohmann::json document{{"started", started}, {"gateway", gateway}, {"api", context.api}};
    if (pid > 0) document["pid"] = pid;
    if (pid > 0) document["log"] = log.string();
    terminal.show(document);
    return;
  }
  std::vector<Row> rows;
  if (!gateway.empty()) rows.push_back({"gateway", gateway});
  rows.push_back({"api", context.api});
  if (pid > 0) rows.push_back({"log", log.string()});
  const std::string head = pid > 0 ? " (pid " + std::to_string(pid) + ")" : "";
  terminal.print(std::string(started ? "hearthd is up" : "hearthd is running already") + head + "\n" + table(rows));
  if (started && !options.config_dir.empty()) {
    terminal.note("for other commands: export HEARTH_CONFIG_DIR=" + fs::absolute(options.config_dir).string());
  }
}

// `before`: the one whose place it takes, which serves on where that cannot be.
Daemon start(const Context& context, const UpOptions& options, const PidFile& file, DaemonLog& log,
             const std::optional<Daemon>& before) {
  const auto program = find_daemon();
  if (!program) {
    const auto named = environment("HEARTHD");
    throw Error(
        Code::not_found, Layer::client,
        named ? "HEARTHD names " + *named + ", which is no program" : "hearthd is neither beside fn nor on PATH",
        "name it in HEARTHD");
  }
  auto daemon = start_daemon(*program, arguments_of(context, options), log.path());
  file.write(daemon);
  try {
    const Progress progress(context.terminal, before ? "replacing hearthd" : "starting hearthd");
    await_readiness(context, options, daemon, log);
  } catch (const Error& error) {
    if (error.fault().code == Code::cancelled) stop_daemon(daemon, std::chrono::seconds(10), {});
    if (!look_at(daemon.pid)) before ? file.write(*before) : file.clear();
    throw;
  }
  return daemon;
}

}  // namespace

int up(const Context& context, const UpOptions& options) {
  const auto folders = default_folders();
  const auto state = options.state_dir.empty() ? folders.state : options.state_dir;
  const PidFile file(options.run_dir.empty() ? folders.run : options.run_dir, context.stop);
  DaemonLog log(fs::absolute(state) / "hearthd.log");
  const auto before = file.running();
  if (before && !options.replace) {
    report(context, options, false, before->pid, log.path());
    return 0;
  }
  if (!options.replace && !ask_readiness(context, std::chrono::seconds(2))) {
    report(context, options, false, 0, log.path());
    return 0;
  }
  const auto daemon = start(context, options, file, log, before);
  report(context, options, true, daemon.pid, log.path());
  return 0;
}

Verb up_verb() {
  const auto options = std::make_shared<UpOptions>();
  const auto folder = [](const char* names, std::filesystem::path& target, const char* help) {
    return Option{.names = names, .target = &target, .help = help, .value = "FOLDER", .completes = Completes::folders};
  };
  return {.name = "up",
          .summary = "Start hearthd in the background on this machine",
          .examples =
              "fn up\n"
              "fn up --replace\n"
              "fn up --gateway 127.0.0.1:9080 --api 127.0.0.1:9081 --state-dir ./state --run-dir ./run "
              "--config-dir ./config",
          .options = {{.names = "--replace",
                       .target = &options->replace,
                       .help = "take the place of the hearthd that runs, without losing a call"},
                      {.names = "--gateway",
                       .target = &options->gateway,
                       .help = "where functions answer (127.0.0.1:8080)",
                       .value = "HOST:PORT"},
                      folder("--state-dir", options->state_dir, "what lasts: the store, packages, logs"),
                      folder("--run-dir", options->run_dir, "what a restart may lose: sockets, the pid file"),
                      folder("--config-dir", options->config_dir, "the token and hearth.yaml"),
                      folder("--templates", options->templates, "the runtimes"),
                      {.names = "--docker-socket",
                       .target = &options->docker_socket,
                       .help = "Docker's socket",
                       .value = "FILE",
                       .completes = Completes::files},
                      {.names = "--log-level",
                       .target = &options->log_level,
                       .help = "how much hearthd logs",
                       .value = "LEVEL",
                       .choices = {"trace", "debug", "info", "warn", "error"}},
                      {.names = "--timeout",
                       .target = &options->timeout,
                       .help = "how long it may take until it is ready (60)",
                       .value = "SECONDS"}},
          .run = [options](const Context& context) { return up(context, *options); },
          .local = true};
}

}  // namespace hearth::cli
