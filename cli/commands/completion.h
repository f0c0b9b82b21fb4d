#pragma once

#include "cli/completion.h"
#include "cli/verb.h"

namespace hearth::cli {

// `fn completion SHELL`: a script that makes the shell ask `fn __complete` what may follow.
Verb completion_verb();

// `fn __complete WORD…`: what the scripts ask. The first line is what else the shell is to offer itself (files,
// folders, words for nothing else), then a word a line, with a tab and what it is about.
inline constexpr std::string_view kCompleteVerb = "__complete";
int complete(const Context& context, const Typed& typed);

}  // namespace hearth::cli
