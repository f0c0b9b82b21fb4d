#include "cli/arguments.h"

#include "cli/commands/delete.h"
#include "cli/commands/deploy.h"
#include "cli/commands/down.h"
#include "cli/commands/get.h"
#include "cli/commands/init.h"
#include "cli/commands/invoke.h"
#include "cli/commands/list.h"
#include "cli/commands/logs.h"
#include "cli/commands/status.h"
#include "cli/commands/up.h"
#include "cli/suggestion.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace hearth::cli {
namespace {

using Run = std::function<int(const Context&)>;

// What the options are read into; lives as long as the command that was chosen.
struct Words {
  std::string output = "text";
  std::string space = "default";
  std::string api;
  std::filesystem::path token_file;

  std::string name;
  UpOptions up;
  std::filesystem::path down_run_dir;
  InitOptions init;
  DeployOptions deploy;
  InvokeOptions invoke;
  std::string data;
  double invoke_timeout = 0;
  unsigned up_timeout = 60;
  std::uint32_t tail = 0;
  LogsOptions logs;
  StatusOptions status;
  Run run;
};

void add_common(CLI::App& command, Words& words) {
  command.add_option("-o,--output", words.output, "text, or json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  command.add_option("-n,--namespace", words.space, "the namespace of functions (HEARTH_NAMESPACE)")->type_name("NAME");
  command.add_option("--api", words.api, "hearthd's address (HEARTH_API; 127.0.0.1:8081)")->type_name("HOST:PORT");
  command.add_option("--token-file", words.token_file, "where the token stands (else HEARTH_TOKEN, or it is found)")
      ->type_name("FILE");
}

CLI::App& add(CLI::App& app, Words& words, const char* name, const char* description, const char* examples, Run run) {
  auto& command = *app.add_subcommand(name, description);
  add_common(command, words);
  command.footer(std::string("Examples:\n") + examples);
  command.callback([&words, run = std::move(run)] { words.run = run; });
  return command;
}

void add_name(CLI::App& command, std::string& name) {
  command.add_option("NAME", name, "the function, NAME or NAMESPACE.NAME")->required()->type_name("");
}

void add_daemon(CLI::App& app, Words& words) {
  auto& up = add(app, words, "up", "Start hearthd in the background on this machine",
                 "  fn up\n  fn up --gateway 127.0.0.1:9080 --api 127.0.0.1:9081 --state-dir ./state --run-dir ./run "
                 "--config-dir ./config",
                 [&words](const Context& context) {
                   words.up.api_given = !words.api.empty() || environment("HEARTH_API");
                   words.up.timeout = std::chrono::seconds(words.up_timeout);
                   return cli::up(context, words.up);
                 });
  up.add_option("--gateway", words.up.gateway, "where functions answer (127.0.0.1:8080)")->type_name("HOST:PORT");
  up.add_option("--state-dir", words.up.state_dir, "what lasts: the store, packages, logs")->type_name("FOLDER");
  up.add_option("--run-dir", words.up.run_dir, "what a restart may lose: sockets, the pid file")->type_name("FOLDER");
  up.add_option("--config-dir", words.up.config_dir, "the token and hearth.yaml")->type_name("FOLDER");
  up.add_option("--templates", words.up.templates, "the runtimes")->type_name("FOLDER");
  up.add_option("--docker-socket", words.up.docker_socket, "Docker's socket")->type_name("FILE");
  up.add_option("--log-level", words.up.log_level, "how much hearthd logs")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
  up.add_option("--timeout", words.up_timeout, "how long it may take until it is ready")->type_name("SECONDS");
  auto& down = add(app, words, "down", "Stop the hearthd that `fn up` started; warm replicas wait for the next one",
                   "  fn down", [&words](const Context& context) { return cli::down(context, words.down_run_dir); });
  down.add_option("--run-dir", words.down_run_dir, "where its pid file stands")->type_name("FOLDER");
}

void add_making(CLI::App& app, Words& words) {
  auto& init = add(app, words, "init", "Make a folder with a first function",
                   "  fn init hello\n  fn init hello --runtime docker --folder functions/hello",
                   [&words](const Context& context) { return cli::init(context, words.init); });
  init.add_option("NAME", words.init.name, "the function's name")->required()->type_name("");
  init.add_option("-r,--runtime", words.init.runtime, "python, or docker for any Dockerfile")
      ->capture_default_str()
      ->type_name("RUNTIME");
  init.add_option("--folder", words.init.folder, "instead of NAME")->type_name("FOLDER");
  auto& deploy = add(app, words, "deploy", "Build a folder's function and put it to work",
                     "  fn deploy\n  fn deploy functions/hello --verbose\n  fn deploy --output json",
                     [&words](const Context& context) { return cli::deploy(context, words.deploy); });
  deploy.add_option("FOLDER", words.deploy.folder, "the folder of fn.yaml, here by default")->type_name("");
  deploy.add_flag("-v,--verbose", words.deploy.verbose, "show all of the build's output");
  auto& remove = add(app, words, "delete", "Delete a function and all that is left of it", "  fn delete hello",
                     [&words](const Context& context) { return remove_function(context, words.name); });
  add_name(remove, words.name);
}

void add_invoke(CLI::App& app, Words& words) {
  auto& invoke = *app.add_subcommand("invoke", "Call a function and print its answer");
  add_common(invoke, words);
  add_name(invoke, words.invoke.name);
  auto* data = invoke.add_option("-d,--data", words.data, "the body: text, @FILE, or - for standard input");
  data->type_name("DATA");
  invoke.add_option("-X,--method", words.invoke.method, "POST with a body, else GET")->type_name("METHOD");
  invoke.add_option("-p,--path", words.invoke.path, "what follows the function's URL: /users?id=7")->type_name("PATH");
  invoke.add_option("-H,--header", words.invoke.headers, "\"Name: value\"; any number of them")
      ->type_name("HEADER")
      ->type_size(1)
      ->allow_extra_args(false);
  invoke.add_option("--timeout", words.invoke_timeout, "give up after so long; else when the function's own is over")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  invoke.add_flag("-v,--verbose", words.invoke.verbose, "status, call id and timings on standard error");
  invoke.footer(
      "Examples:\n  fn invoke hello --data '{\"name\":\"Ada\"}'\n  fn invoke hello -d @photo.jpg -v > small.jpg\n"
      "  echo hi | fn invoke echo\n  fn invoke api --path /users/7 -X DELETE -H 'If-Match: \"3\"'\n\n"
      "Exit codes: 0 it answered, 1 it failed, 2 usage, 3 refused, 4 not reachable, 5 timed out.");
  invoke.callback([&words, data] {
    words.run = [&words, given = data->count() > 0](const Context& context) {
      if (given) words.invoke.data = words.data;
      words.invoke.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(words.invoke_timeout * 1000));
      return cli::invoke(context, words.invoke);
    };
  });
}

void add_looking(CLI::App& app, Words& words) {
  add(app, words, "list", "List functions", "  fn list\n  fn list --output json",
      [](const Context& context) { return cli::list(context); });
  auto& get = add(app, words, "get", "Show a function's settings, state and revisions", "  fn get hello",
                  [&words](const Context& context) { return cli::get(context, words.name); });
  add_name(get, words.name);
  auto& status = add(app, words, "status", "Show what a function's replicas do; without a name, what hearthd runs on",
                     "  fn status\n  fn status hello --watch",
                     [&words](const Context& context) { return cli::status(context, words.status); });
  auto* name = status.add_option("NAME", words.status.name, "the function, NAME or NAMESPACE.NAME");
  name->type_name("");
  status.add_flag("-w,--watch", words.status.watch, "go on, change by change, until interrupted")->needs(name);
  auto& logs = *app.add_subcommand("logs", "Show what a function's containers wrote");
  add_common(logs, words);
  add_name(logs, words.logs.name);
  logs.add_flag("-f,--follow", words.logs.follow, "go on until interrupted");
  auto* tail = logs.add_option("--tail", words.tail, "only so many of the last lines");
  tail->type_name("LINES");
  logs.footer("Examples:\n  fn logs hello --tail 20\n  fn logs hello -f");
  logs.callback([&words, tail] {
    words.run = [&words, given = tail->count() > 0](const Context& context) {
      if (given) words.logs.tail = words.tail;
      return cli::logs(context, words.logs);
    };
  });
}

void add_all(CLI::App& app, Words& words) {
  words.space = environment("HEARTH_NAMESPACE").value_or("default");
  app.require_subcommand(1);
  app.set_version_flag("--version", "fn " HEARTH_VERSION);
  app.footer(
      "A first function:\n  fn up\n  fn init hello --runtime python\n  cd hello && fn deploy\n  fn invoke hello");
  add_common(app, words);
  add_daemon(app, words);
  add_making(app, words);
  add_invoke(app, words);
  add_looking(app, words);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// CLI11's words, with the nearest command or option where one was not known.
domain::Fault usage_fault(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const auto& command = chosen.empty() ? app : *chosen.front();
  domain::Fault fault{.code = domain::Code::invalid, .layer = domain::Layer::client, .message = error.what()};
  fault.hint = chosen.empty() ? "see: fn --help" : "see: fn " + command.get_name() + " --help";
  const auto extra = command.remaining();
  const auto option = std::ranges::find_if(extra, [](const auto& word) { return word.starts_with("-"); });
  const bool unknown_option = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && option != extra.end();
  if (!unknown_option && !chosen.empty()) return fault;
  if (extra.empty()) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) fault.message = "no command is given";
    return fault;
  }
  const auto& word = option != extra.end() ? *option : extra.front();
  const auto meant = nearest(word, option != extra.end() ? option_names(command) : command_names(app));
  fault.message = std::string("unknown ") + (option != extra.end() ? "option " : "command ") + word +
                  (meant.empty() ? "" : "; did you mean " + meant + "?");
  return fault;
}

}  // namespace

bool asks_for_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--output=json" || words[i] == "-ojson") return true;
    if ((words[i] == "--output" || words[i] == "-o") && i + 1 < words.size() && words[i + 1] == "json") return true;
  }
  return false;
}

Arguments read_arguments(std::vector<std::string> words_given) {
  const auto words = std::make_shared<Words>();
  CLI::App app("Functions on this machine: made, deployed, called.", "fn");
  add_all(app, *words);
  Arguments arguments;
  try {
    std::ranges::reverse(words_given);  // CLI11 reads from the back
    app.parse(std::move(words_given));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    arguments.help = chosen.empty() ? app.help() : chosen.front()->help("fn");
    return arguments;
  } catch (const CLI::CallForVersion&) {
    arguments.help = "fn " HEARTH_VERSION "\n";
    return arguments;
  } catch (const CLI::ParseError& error) {
    arguments.usage = usage_fault(app, error);
    return arguments;
  }
  arguments.invocation = Invocation{
      .json = words->output == "json",
      .space = words->space,
      .api = base_url(!words->api.empty() ? words->api : environment("HEARTH_API").value_or("127.0.0.1:8081")),
      .token_file = words->token_file,
      .run = [words](const Context& context) { return words->run(context); }};
  return arguments;
}

}  // namespace hearth::cli
