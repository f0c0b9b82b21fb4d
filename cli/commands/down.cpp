#include "cli/commands/down.h"

#include "cli/daemon.h"
#include "cli/paths.h"
#include "cli/progress.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

bool answers(const Context& context) {
  constexpr std::chrono::seconds kPatience{2};
  try {
    net::HttpClient http({.base = context.api, .unix_socket = {}});
    return http.send({.target = "/healthz", .timeout = kPatience, .connect_timeout = kPatience}, context.stop).status ==
           200;
  } catch (const Error& error) {
    if (error.fault().code == Code::cancelled) throw;
    return false;
  }
}

int report(const Context& context, bool stopped) {
  if (context.terminal.json()) {
    context.terminal.show({{"stopped", stopped}});
  } else {
    context.terminal.print(stopped ? "hearthd is down\n" : "hearthd was not running\n");
  }
  return 0;
}

}  // namespace

int down(const Context& context, const std::filesystem::path& run_dir) {
  constexpr std::chrono::seconds kPatience{60};
  const auto folder = run_dir.empty() ? default_folders().run : run_dir;
  const bool known = std::filesystem::exists(folder / "hearthd.pid");
  if (known) {
    const PidFile file(folder, context.stop);
    if (const auto daemon = file.running()) {
      const Progress progress(context.terminal, "stopping hearthd");
      if (!stop_daemon(*daemon, kPatience, context.stop)) {
        throw Error(Code::timeout, Layer::gateway,
                    "hearthd (pid " + std::to_string(daemon->pid) + ") has not ended within a minute",
                    "end it with: kill -9 " + std::to_string(daemon->pid));
      }
      file.clear();
      return report(context, true);
    }
    file.clear();
  }
  if (answers(context)) {
    throw Error(Code::conflict, Layer::client, "a hearthd that `fn up` did not start here answers at " + context.api,
                "stop it the way it was started, or name its folder with --run-dir");
  }
  return report(context, false);
}

Verb down_verb() {
  const auto run_dir = std::make_shared<std::filesystem::path>();
  return {.name = "down",
          .summary = "Stop the hearthd that `fn up` started; warm replicas wait for the next one",
          .examples = "fn down",
          .options = {{.names = "--run-dir",
                       .target = run_dir.get(),
                       .help = "where its pid file stands",
                       .value = "FOLDER",
                       .completes = Completes::folders}},
          .run = [run_dir](const Context& context) { return down(context, *run_dir); },
          .local = true};
}

}  // namespace hearth::cli
