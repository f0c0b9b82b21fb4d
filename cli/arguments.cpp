#include "cli/arguments.h"

#include "cli/commands/completion.h"
#include "cli/completion.h"
#include "cli/contexts.h"
#include "cli/suggestion.h"
#include "cli/verbs.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace hearth::cli {
namespace {

constexpr const char* kAbout = "Functions, made, deployed and called.";

// What every verb takes.
struct Common {
  std::string output = "text";
  std::string space;
  std::string api;
  std::string context;
  std::filesystem::path token_file;
  std::filesystem::path ca_file;
};

std::vector<Option> options_of(Common& common) {
  return {{.names = "-o,--output",
           .target = &common.output,
           .help = "text, or json or yaml for programs",
           .value = "FORMAT",
           .choices = {"text", "json", "yaml"}},
          {.names = "-n,--namespace",
           .target = &common.space,
           .help = "the namespace of functions (HEARTH_NAMESPACE)",
           .value = "NAME"},
          {.names = "--context",
           .target = &common.context,
           .help = "the controller to work with, of `fn config list` (HEARTH_CONTEXT)",
           .value = "NAME",
           .completes = Completes::contexts},
          {.names = "--api",
           .target = &common.api,
           .help = "hearthd's address instead of a context's (HEARTH_API; 127.0.0.1:8081)",
           .value = "URL"},
          {.names = "--token-file",
           .target = &common.token_file,
           .help = "where the token stands (else HEARTH_TOKEN, or it is found)",
           .value = "FILE",
           .completes = Completes::files},
          {.names = "--ca-file",
           .target = &common.ca_file,
           .help = "the authorities (PEM) that hearthd's certificate may be of, instead of the system's",
           .value = "FILE",
           .completes = Completes::files}};
}

struct Adding {
  CLI::App& command;
  const Option& option;

  CLI::Option* operator()(bool* into) const { return command.add_flag(option.names, *into, option.help); }
  CLI::Option* operator()(std::chrono::seconds* into) const { return add_time(into); }
  CLI::Option* operator()(std::chrono::milliseconds* into) const { return add_time(into); }
  CLI::Option* operator()(std::vector<std::string>* into) const {
    return command.add_option(option.names, *into, option.help)
        ->type_size(1)
        ->allow_extra_args(!option.names.starts_with('-'));
  }
  CLI::Option* operator()(std::string* into) const {
    return option.bare ? command.add_flag(option.names, *into, option.help)
                       : command.add_option(option.names, *into, option.help);
  }
  template <class Value>
  CLI::Option* operator()(Value* into) const {
    return command.add_option(option.names, *into, option.help);
  }

 private:
  template <class Duration>
  CLI::Option* add_time(Duration* into) const {
    const std::function<void(const double&)> take = [into](const double& seconds) {
      *into = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    };
    return command.add_option_function(option.names, take, option.help)->check(CLI::Range(0.0, 1e6).description(""));
  }
};

void add_option(CLI::App& command, const Option& option) {
  auto& added = *std::visit(Adding{command, option}, option.target);
  if (option.bare) {
    added.type_name("[=" + option.value + "]");
  } else if (!std::holds_alternative<bool*>(option.target)) {
    added.type_name(option.value);
  }
  if (!option.choices.empty()) added.check(CLI::IsMember(option.choices));
  added.required(option.required);
}

// What follows the options in a verb's help.
std::string footer_of(const Verb& verb) {
  std::string text;
  if (!verb.examples.empty()) text = "Examples:\n  " + verb.examples;
  for (auto at = text.find('\n', 10); at != std::string::npos; at = text.find('\n', at + 1)) text.insert(at + 1, "  ");
  if (!verb.notes.empty()) text += (text.empty() ? "" : "\n\n") + verb.notes;
  return text;
}

struct Words {
  Common common;
  std::vector<Verb> verbs = all_verbs();
  const Verb* chosen = nullptr;
};

// Some verbs have an option of that name for something else: `fn config add --api`.
bool has_option(const Verb& verb, const std::string& names) {
  return std::ranges::find(verb.options, names, &Option::names) != verb.options.end();
}

void add_verb(CLI::App& parent, const Verb& verb, Words& words) {
  auto& command = *parent.add_subcommand(verb.name, verb.summary);
  for (const auto& option : verb.options) add_option(command, option);
  for (const auto& option : options_of(words.common)) {
    if (!has_option(verb, option.names)) add_option(command, option);
  }
  command.footer(footer_of(verb));
  if (verb.hidden) command.group("");
  for (const auto& inner : verb.verbs) add_verb(command, inner, words);
  if (!verb.verbs.empty()) command.require_subcommand(1);
  // A verb is parsed before those it stands in.
  command.callback([&verb, &words] {
    if (words.chosen == nullptr) words.chosen = &verb;
  });
}

void add_all(CLI::App& app, Words& words) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "fn " HEARTH_VERSION);
  app.footer(
      "A first function:\n  fn up\n  fn init hello --runtime python\n  cd hello && fn deploy\n  fn invoke hello");
  for (const auto& option : options_of(words.common)) add_option(app, option);
  for (const auto& verb : words.verbs) add_verb(app, verb, words);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The verb that was chosen, or `app` itself.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

// "fn config add".
std::string full_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::string help_of(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return command.help(parent == nullptr ? "" : full_name(*parent));
}

// CLI11's words, with the nearest command or option where one was not known.
domain::Fault usage_fault(const CLI::App& app, const CLI::ParseError& error) {
  const auto& command = innermost(app);
  domain::Fault fault{.code = domain::Code::invalid, .layer = domain::Layer::client, .message = error.what()};
  fault.hint = "see: " + full_name(command) + " --help";
  const auto extra = command.remaining();
  const auto option = std::ranges::find_if(extra, [](const auto& word) { return word.starts_with("-"); });
  const bool unknown_option = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && option != extra.end();
  const auto names = command_names(command);
  if (!unknown_option && names.empty()) return fault;
  if (extra.empty()) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) fault.message = "no command is given";
    return fault;
  }
  const auto& word = option != extra.end() ? *option : extra.front();
  const auto meant = nearest(word, option != extra.end() ? option_names(command) : names);
  fault.message = std::string("unknown ") + (option != extra.end() ? "option " : "command ") + word +
                  (meant.empty() ? "" : "; did you mean " + meant + "?");
  return fault;
}

// Which controller, as whom and where: a word of the command line goes before a variable, a variable before the
// context in use.
Invocation where(const Common& common, const Verb& verb) {
  const auto api = !common.api.empty() || !common.context.empty() ? common.api : environment("HEARTH_API").value_or("");
  Controller chosen{.api = api.empty() ? "127.0.0.1:8081" : api, .token_file = {}, .ca_file = {}, .space = {}};
  std::string name(kLocalContext);
  if (api.empty() && !verb.local) {
    const auto contexts = read_contexts(contexts_file());
    const auto given = !common.context.empty() ? common.context : environment("HEARTH_CONTEXT").value_or("");
    name = !given.empty() ? given : !contexts.current.empty() ? contexts.current : name;
    if (name != kLocalContext) chosen = contexts.find(name);
  }
  const bool token_given = environment("HEARTH_TOKEN").has_value();
  const auto token_file = !common.token_file.empty() || token_given ? common.token_file : chosen.token_file;
  const auto space = !common.space.empty() ? common.space : environment("HEARTH_NAMESPACE").value_or(chosen.space);
  return {.space = space.empty() ? "default" : space,
          .api = base_url(chosen.api),
          .api_given = !api.empty(),
          .said_here = !common.api.empty() || !common.context.empty(),
          .controller = name,
          .token_file = token_file,
          .ca_file = !common.ca_file.empty() ? common.ca_file : chosen.ca_file,
          .run = {}};
}

// Words that are still being typed are read by no parser.
Arguments completing(std::vector<std::string> words) {
  words.erase(words.begin());
  const auto typed = std::make_shared<Typed>(read_typed(all_verbs(), common_options(), std::move(words)));
  const auto value = [&](const char* option) { return typed->values[option]; };
  Common common{.output = "text",
                .space = value("--namespace"),
                .api = value("--api"),
                .context = value("--context"),
                .token_file = value("--token-file"),
                .ca_file = value("--ca-file")};
  Arguments arguments;
  arguments.invocation = where(common, {});
  arguments.invocation->run = [typed](const Context& context) { return complete(context, *typed); };
  return arguments;
}

}  // namespace

Format asked_format(const std::vector<std::string>& words) {
  const auto named = [](std::string_view text) {
    return text == "json" ? Format::json : text == "yaml" ? Format::yaml : Format::text;
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") break;
    if (word.starts_with("--output=")) return named(word.substr(9));
    if (word.starts_with("-o") && word.size() > 2) return named(word.substr(2));
    if ((word == "--output" || word == "-o") && i + 1 < words.size()) return named(words[i + 1]);
  }
  return Format::text;
}

std::vector<Option> common_options() {
  Common gone;
  auto options = options_of(gone);
  for (auto& option : options) option.target = static_cast<std::string*>(nullptr);
  return options;
}

std::string version() { return HEARTH_VERSION; }

std::string help_of(const std::vector<std::string>& words) {
  Words all;
  CLI::App app(kAbout, "fn");
  add_all(app, all);
  const CLI::App* command = &app;
  for (const auto& word : words) {
    const auto names = command_names(*command);
    if (std::ranges::find(names, word) == names.end()) {
      const auto meant = nearest(word, names);
      throw domain::Error(domain::Code::not_found, domain::Layer::client,
                          "there is no help on " + word + (meant.empty() ? "" : "; did you mean " + meant + "?"),
                          "fn help lists what there is");
    }
    command = command->get_subcommand(word);
  }
  return help_of(*command);
}

Arguments read_arguments(std::vector<std::string> words_given) {
  if (!words_given.empty() && words_given.front() == kCompleteVerb) return completing(std::move(words_given));
  const auto words = std::make_shared<Words>();
  CLI::App app(kAbout, "fn");
  add_all(app, *words);
  Arguments arguments;
  try {
    std::ranges::reverse(words_given);  // CLI11 reads from the back
    app.parse(std::move(words_given));
  } catch (const CLI::CallForHelp&) {
    arguments.help = help_of(innermost(app));
    return arguments;
  } catch (const CLI::CallForVersion&) {
    arguments.help = "fn " HEARTH_VERSION "\n";
    return arguments;
  } catch (const CLI::ParseError& error) {
    arguments.usage = usage_fault(app, error);
    return arguments;
  }
  if (!words->common.api.empty() && !words->common.context.empty()) {
    arguments.usage = domain::Fault{.code = domain::Code::invalid,
                                    .layer = domain::Layer::client,
                                    .message = "--api and --context exclude each other"};
    return arguments;
  }
  arguments.invocation = where(words->common, *words->chosen);
  arguments.invocation->run = [words](const Context& context) { return words->chosen->run(context); };
  return arguments;
}

}  // namespace hearth::cli
