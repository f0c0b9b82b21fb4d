// What a request names in its path and its query, checked. Throws `invalid` saying which word was wrong.
#pragma once

#include "api/handlers.h"
#include "api/message.h"
#include "api/route_table.h"
#include "domain/function.h"
#include "ports/call_store.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::api {

std::string space_of(const Parameters& parameters);
domain::FunctionName function_of(const Parameters& parameters);
std::uint64_t revision_of(const Parameters& parameters);
std::string digest_of(const Parameters& parameters);
// Looks it up; `not_found` where the namespace has no such durable call.
ports::CallRecord call_of(const Parts& parts, const Parameters& parameters);

// A whole number in the query; `fallback` where it is not given.
std::uint64_t number_of(const Request& request, std::string_view key, std::uint64_t fallback, std::uint64_t most);
// `limit`, which is at least 1.
std::uint64_t limit_of(const Request& request, std::uint64_t fallback, std::uint64_t most);
bool flag_of(const Request& request, std::string_view key);  // follow=true, follow=1
// A name in the query; empty where it is not given.
std::string name_given(const Request& request, std::string_view key);

// Complains of parameters that nobody asked for, so that a misspelt one is not passed over.
void refuse_other_parameters(const Request& request, std::initializer_list<std::string_view> known);

}  // namespace hearth::api
