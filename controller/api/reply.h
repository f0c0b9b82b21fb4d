// How handlers answer, and what becomes of the errors that they throw. Pure.
#pragma once

#include "api/message.h"
#include "domain/error.h"

#include <functional>
#include <string>
#include <string_view>

namespace hearth::api {

Response json_reply(int status, std::string body);
// With its status from the domain's table, unless one is given; Retry-After and WWW-Authenticate where they belong.
Response problem_reply(const domain::Fault& fault, int status = 0);

// Runs a handler; whatever it throws becomes a problem. One of the few places that catch.
Response answer(const std::function<Response()>& handler);

}  // namespace hearth::api
