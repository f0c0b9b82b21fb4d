// The command line's words, read: which command, with which options. The only user of CLI11.
#pragma once

#include "cli/context.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

struct Invocation {
  // Fixed before anything is said.
  bool json = false;
  std::string space;
  std::string api;
  bool api_given = false;
  std::filesystem::path token_file;
  std::function<int(const Context&)> run;
};

struct Arguments {
  std::optional<Invocation> invocation;
  std::string help;                    // what to print instead, where help or the version was asked for
  std::optional<domain::Fault> usage;  // what is wrong with the words; exit code 2
};

// `words` without the program's own name.
Arguments read_arguments(std::vector<std::string> words);

// Whether JSON was asked for, also in words that cannot be read.
bool asks_for_json(const std::vector<std::string>& words);

}  // namespace hearth::cli
