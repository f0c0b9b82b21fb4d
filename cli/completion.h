// What may follow the words that stand on a command line so far, by the verbs' own definitions. Pure; any thread.
#pragma once

#include "cli/verb.h"

#include <map>
#include <string>
#include <vector>

namespace hearth::cli {

struct Candidate {
  std::string word;
  std::string about;
};

struct Typed {
  std::vector<Candidate> candidates;          // that begin as the last word does
  Completes more = Completes::nothing;        // what else may stand there
  std::string prefix;                         // what must stand before a value: "--context="
  std::string begun;                          // the last word, without the prefix
  std::map<std::string, std::string> values;  // of the options before it, by their long names
};

// `words` without the program's name; the last one is being typed, and may be empty. A shell may have cut
// "--option=value" at its =.
Typed read_typed(const std::vector<Verb>& verbs, const std::vector<Option>& common, std::vector<std::string> words);

}  // namespace hearth::cli
