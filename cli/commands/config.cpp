#include "cli/commands/config.h"

#include "cli/contexts.h"
#include "cli/paths.h"
#include "cli/table.h"

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;
using nlohmann::json;

struct AddOptions {
  std::string name;
  Controller controller;
};

void check_readable(const fs::path& file, const char* what) {
  if (file.empty() || std::ifstream(file)) return;
  throw Error(Code::invalid, Layer::client, std::string(what) + " " + file.string() + " cannot be read");
}

std::string current_of(const Contexts& contexts) {
  return contexts.current.empty() ? std::string(kLocalContext) : contexts.current;
}

int tell(const Context& context, const json& document, const std::string& text) {
  if (context.terminal.json()) {
    context.terminal.show(document);
  } else {
    context.terminal.print(text + "\n");
  }
  return 0;
}

int add(const Context& context, AddOptions options) {
  auto& controller = options.controller;
  if (!domain::is_valid_name(options.name) || options.name == kLocalContext) {
    throw Error(Code::invalid, Layer::client, "\"" + options.name + "\" is no name for a context",
                "names are lower-case letters, digits and -; `local` is this machine's own hearthd");
  }
  controller.api = base_url(controller.api);
  check_readable(controller.token_file, "--token-file");
  check_readable(controller.ca_file, "--ca-file");
  if (!controller.token_file.empty()) controller.token_file = fs::absolute(controller.token_file).lexically_normal();
  if (!controller.ca_file.empty()) controller.ca_file = fs::absolute(controller.ca_file).lexically_normal();
  auto contexts = read_contexts(contexts_file());
  const bool first = contexts.named.insert_or_assign(options.name, controller).second;
  write_contexts(contexts_file(), contexts);
  const auto name = options.name;
  return tell(context, {{"name", name}, {"added", first}},
              (first ? "added " : "changed ") + name + "; work with it by: fn config use " + name);
}

int use(const Context& context, const std::string& name) {
  auto contexts = read_contexts(contexts_file());
  if (name != kLocalContext) contexts.find(name);
  contexts.current = name == kLocalContext ? "" : name;
  write_contexts(contexts_file(), contexts);
  return tell(context, {{"current", name}}, "now working with " + name);
}

int list_contexts(const Context& context) {
  const auto contexts = read_contexts(contexts_file());
  const auto current = current_of(contexts);
  json items = json::array({{{"name", kLocalContext}, {"api", "http://127.0.0.1:8081"}}});
  for (const auto& [name, controller] : contexts.named) {
    items.push_back({{"name", name}, {"api", controller.api}, {"namespace", controller.space}});
  }
  std::vector<Row> rows{{"", "NAME", "API", "NAMESPACE"}};
  for (auto& item : items) {
    const bool chosen = item["name"] == current;
    item["current"] = chosen;
    const auto space = item.value("namespace", "");
    rows.push_back({chosen ? "*" : "", item["name"], item["api"], space.empty() ? "default" : space});
  }
  if (context.terminal.json()) {
    context.terminal.show({{"items", items}});
  } else {
    context.terminal.print(table(rows));
  }
  return 0;
}

// Where a verb would go now, and with which token's file: never the token.
int show(const Context& context) {
  const json document{{"context", context.controller}, {"api", context.api},
                      {"namespace", context.space},    {"token", context.token().origin},
                      {"ca_file", context.ca_file},    {"file", contexts_file().string()}};
  if (context.terminal.json()) {
    context.terminal.show(document);
    return 0;
  }
  std::vector<Row> rows;
  for (const auto& [key, value] : document.items()) {
    if (!value.get_ref<const std::string&>().empty()) rows.push_back({key, value.get<std::string>()});
  }
  context.terminal.print(table(rows));
  return 0;
}

int remove(const Context& context, const std::string& name) {
  auto contexts = read_contexts(contexts_file());
  contexts.find(name);
  contexts.named.erase(name);
  if (contexts.current == name) contexts.current.clear();
  write_contexts(contexts_file(), contexts);
  return tell(context, {{"removed", name}}, "removed " + name + "; now working with " + current_of(contexts));
}

Verb add_verb() {
  const auto options = std::make_shared<AddOptions>();
  auto& controller = options->controller;
  return {.name = "add",
          .summary = "Name a controller, or change what a name stands for",
          .examples =
              "fn config add prod --api https://hearth.example.org:8081 --token-file ~/prod.token\n"
              "fn config add lab --api 10.0.0.7:8081 --token-file lab.token --namespace team-a",
          .options = {{.names = "NAME", .target = &options->name, .help = "the context's name", .required = true},
                      {.names = "--api",
                       .target = &controller.api,
                       .help = "where its management API answers",
                       .value = "URL",
                       .required = true},
                      {.names = "--token-file",
                       .target = &controller.token_file,
                       .help = "the file that holds its token; it is named, not copied",
                       .value = "FILE",
                       .completes = Completes::files},
                      {.names = "--ca-file",
                       .target = &controller.ca_file,
                       .help = "the authorities (PEM) that its certificate may be of, instead of the system's",
                       .value = "FILE",
                       .completes = Completes::files},
                      {.names = "-n,--namespace",
                       .target = &controller.space,
                       .help = "the namespace where none is given",
                       .value = "NAME"}},
          .run = [options](const Context& context) { return add(context, *options); }};
}

Option context_word(std::string& name) {
  return {.names = "NAME", .target = &name, .help = "the context", .completes = Completes::contexts, .required = true};
}

}  // namespace

Verb config_verb() {
  const auto name = std::make_shared<std::string>();
  return {.name = "config",
          .summary = "The controllers that you work with, by name",
          .examples =
              "fn config add prod --api https://hearth.example.org:8081 --token-file ~/prod.token\n"
              "fn config use prod\nfn --context local list",
          .verbs = {add_verb(),
                    {.name = "use",
                     .summary = "Work with a context from now on; `local` is this machine's own hearthd",
                     .examples = "fn config use prod\nfn config use local",
                     .options = {context_word(*name)},
                     .run = [name](const Context& context) { return use(context, *name); }},
                    {.name = "list", .summary = "List contexts", .examples = "fn config list", .run = list_contexts},
                    {.name = "show",
                     .summary = "Show where a command would go now, and whose token it would take",
                     .examples = "fn config show\nfn config show --context prod",
                     .run = show},
                    {.name = "remove",
                     .summary = "Forget a context; its token's file stays",
                     .examples = "fn config remove prod",
                     .options = {context_word(*name)},
                     .run = [name](const Context& context) { return remove(context, *name); }}}};
}

}  // namespace hearth::cli
