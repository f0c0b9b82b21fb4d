// The command line's words, read: which command, with which options. The only user of CLI11.
#pragma once

#include "cli/context.h"
#include "cli/document.h"
#include "cli/verb.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

struct Invocation {
  std::string space;
  std::string api;
  bool api_given = false;
  bool said_here = false;
  std::string controller;
  std::filesystem::path token_file;
  std::filesystem::path ca_file;
  std::function<int(const Context&)> run;
};

struct Arguments {
  std::optional<Invocation> invocation;
  std::string help;                    // what to print instead, where help or the version was asked for
  std::optional<domain::Fault> usage;  // what is wrong with the words; exit code 2
};

// `words` without the program's own name.
Arguments read_arguments(std::vector<std::string> words);

// The format that was asked for, also in words that cannot be read.
Format asked_format(const std::vector<std::string>& words);

// What every verb takes; where the values go matters to nobody.
std::vector<Option> common_options();

std::string version();

// The help of a verb by its words; of `fn` itself for none. Throws `not_found` for words that are no verb.
std::string help_of(const std::vector<std::string>& words);

}  // namespace hearth::cli
