// A verb of `fn` as data: its words, its help and what it does. Parsing, help, the reference page, man pages and
// completion are all made from it, so that none of them can say what another does not.
#pragma once

#include "cli/context.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hearth::cli {

// What a shell offers for a value.
enum class Completes { nothing, files, folders, functions, runtimes, contexts, topics };

// Where a value goes; what it points to lives as long as the verb. A bool is a flag; times are given in seconds.
using Target = std::variant<bool*, std::string*, std::filesystem::path*, std::uint32_t*, std::chrono::seconds*,
                            std::chrono::milliseconds*, std::optional<std::string>*, std::optional<std::uint32_t>*,
                            std::vector<std::string>*>;

struct Option {
  std::string names;  // "-f,--follow"; "NAME" for a word that stands alone
  Target target;
  std::string help;
  std::string value = {};  // what stands for it in the help: "LINES"
  Completes completes = Completes::nothing;
  std::vector<std::string> choices = {};  // nothing else is taken
  bool required = false;
  bool bare = false;  // may stand without its value, which is "true" then and else stands behind a "="; of a string
};

struct Verb {
  std::string name;
  std::string summary;
  std::string examples;  // a command a line
  std::vector<Option> options = {};
  std::function<int(const Context&)> run = {};
  std::string notes = {};        // what the help tells after the examples
  std::vector<Verb> verbs = {};  // its own, one of which must follow; then it runs nothing itself
  bool hidden = false;           // from help and completion
  bool local = false;            // it works on this machine, whatever context is in use
};

// The word that names a function.
inline Option function_word(std::string& name) {
  return {.names = "NAME",
          .target = &name,
          .help = "the function, NAME or NAMESPACE.NAME",
          .completes = Completes::functions,
          .required = true};
}

}  // namespace hearth::cli
