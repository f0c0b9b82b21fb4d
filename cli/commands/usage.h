#pragma once

#include "cli/verb.h"

namespace hearth::cli {

struct UsageOptions {
  std::string name;  // empty: all of the namespace
  std::string since;
  std::string from;
  std::string to;
  std::string by = "day";
};

// `fn usage [NAME]`: what functions' calls came to and what they cost, day by day or function by function.
int usage(const Context& context, const UsageOptions& options);

Verb usage_verb();

}  // namespace hearth::cli
