#include "cli/commands/help.h"

#include "cli/arguments.h"
#include "cli/reference.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

struct HelpOptions {
  std::vector<std::string> words;
  std::string as;
};

std::string topics_list() {
  std::string text = "\nTopics (fn help TOPIC):\n";
  std::vector<Row> rows;
  for (const auto& topic : topics()) rows.push_back({"  " + topic.name, topic.title});
  return text + table(rows);
}

std::string text_of(const std::vector<std::string>& words) {
  if (words.empty()) return help_of(words) + topics_list();
  const auto all = topics();
  const auto topic = std::ranges::find(all, words.front(), &Topic::name);
  return topic != all.end() ? topic_text(*topic) : help_of(words);
}

int help(const Context& context, const HelpOptions& options) {
  const auto& terminal = context.terminal;
  if (options.as == "man") {
    terminal.print(reference_man(all_verbs(), common_options(), version()));
  } else if (options.as == "markdown") {
    terminal.print(reference_markdown(all_verbs(), common_options()));
  } else if (terminal.json()) {
    terminal.show({{"help", text_of(options.words)}});
  } else {
    terminal.print(text_of(options.words));
  }
  return 0;
}

}  // namespace

Verb help_verb() {
  const auto options = std::make_shared<HelpOptions>();
  return {.name = "help",
          .summary = "Tell about a command or a topic",
          .examples = "fn help deploy\nfn help contexts\nfn help --as man | man -l -",
          .options = {{.names = "TOPIC",
                       .target = &options->words,
                       .help = "a command's words, or a topic; none: what there is",
                       .completes = Completes::topics},
                      {.names = "--as",
                       .target = &options->as,
                       .help = "all of it, as the page of man(1) or of the docs",
                       .value = "FORMAT",
                       .choices = {"man", "markdown"}}},
          .run = [options](const Context& context) { return help(context, *options); }};
}

}  // namespace hearth::cli
