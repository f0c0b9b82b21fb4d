// The verbs and topics as pages: of a terminal, of docs/reference, of man(1). Pure; any thread.
#pragma once

#include "cli/topics.h"
#include "cli/verb.h"

namespace hearth::cli {

std::string topic_text(const Topic& topic);

// docs/reference/fn.md
std::string reference_markdown(const std::vector<Verb>& verbs, const std::vector<Option>& common);

// fn(1), in the man macros of groff_man(7).
std::string reference_man(const std::vector<Verb>& verbs, const std::vector<Option>& common,
                          const std::string& version);

}  // namespace hearth::cli
