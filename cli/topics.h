// What the help tells beyond single verbs: text that `fn help TOPIC`, the reference page and the manual page share.
// Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hearth::cli {

// A paragraph, a table of words and what they mean, or lines to type; one of the three.
struct Passage {
  std::string text = {};
  std::vector<std::pair<std::string, std::string>> rows = {};
  std::string code = {};
};

struct Topic {
  std::string name;  // `fn help NAME`
  std::string title;
  std::vector<Passage> passages;
};

std::vector<Topic> topics();

}  // namespace hearth::cli
