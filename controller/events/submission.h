// A request as a durable call: what of its head its function will see. Pure.
#pragma once

#include "http/head.h"
#include "ports/call_store.h"

#include <optional>
#include <string>
#include <string_view>

namespace hearth::events {

// "/async/NAME/rest?query" in its parts; views point into the target.
struct AsyncTarget {
  std::string_view name;    // of the function: "hello", "space.hello"; or of a call
  std::string_view prefix;  // "/async/hello"
  std::string_view rest;    // "", "/rest?query" or "?query"
};
std::optional<AsyncTarget> async_target(std::string_view target) noexcept;

// `client`: "192.0.2.1:4711".
ports::HeadText stored_head(const http::RequestHead& request, const AsyncTarget& target, std::string_view client);

// What who asked for a call is told of it: 202 with these.
struct Receipt {
  std::string location;  // "/async/ID"
  std::string body;      // JSON
};
Receipt receipt(const std::string& id, std::string_view function);

// How a call stands, as JSON.
std::string standing(const ports::CallRecord& record);

}  // namespace hearth::events
