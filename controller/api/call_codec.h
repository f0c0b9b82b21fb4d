// Durable calls as JSON (docs/reference/api.md). Values of fields and parameters that look like secrets stay hidden.
// Pure.
#pragma once

#include "ports/call_store.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::api {

std::string call_summary_text(const ports::CallSummary& call);
std::string call_text(const ports::CallRecord& call);
std::string redriven_text(std::size_t count, std::string_view next);

// Whether what is called so may let somebody in: "Authorization", "x-api-key", "access_token".
bool looks_secret(std::string_view name);
// "/a?token=(hidden)&b=c" of "/a?token=abc&b=c".
std::string without_secrets(std::string_view target);

}  // namespace hearth::api
