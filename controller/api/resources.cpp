#include "api/resources.h"

#include "api/codec.h"
#include "control/json_fields.h"
#include "domain/error.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Error(Code::invalid, Layer::client, std::move(message), std::move(hint));
}

std::string valid_name(const Parameters& parameters, std::string_view key, std::string_view kind) {
  const auto& name = parameters.find(key)->second;
  if (domain::is_valid_name(name)) return name;
  refuse("\"" + name + "\" is no name of a " + std::string(kind),
         "lower-case letters, digits and hyphens, a letter first, no hyphen last, at most 63");
}

std::optional<std::uint64_t> parsed(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

std::string space_of(const Parameters& parameters) { return valid_name(parameters, "ns", "namespace"); }

domain::FunctionName function_of(const Parameters& parameters) {
  return {.space = space_of(parameters), .name = valid_name(parameters, "name", "function")};
}

std::uint64_t revision_of(const Parameters& parameters) {
  const auto& text = parameters.find("n")->second;
  const auto number = parsed(text);
  if (!number || *number == 0) refuse("\"" + text + "\" is no number of a revision", "they count from 1");
  return *number;
}

std::string digest_of(const Parameters& parameters) {
  const auto& digest = parameters.find("digest")->second;
  if (!is_digest(digest)) refuse("\"" + digest + "\" is no digest", "it is sha256: and 64 lower-case hex digits");
  return digest;
}

ports::CallRecord call_of(const Parts& parts, const Parameters& parameters) {
  const auto space = space_of(parameters);
  const auto& id = parameters.find("id")->second;
  if (!domain::is_call_id(id)) refuse("\"" + id + "\" is no id of a call", "it is 32 lower-case hex digits");
  if (auto call = parts.calls.store().get(id); call && call->summary.function.space == space) return *std::move(call);
  throw Error(Code::not_found, Layer::client, "namespace " + space + " has no durable call " + id,
              "`fn calls list` shows those that are kept; what ended is forgotten after `async_keep` of hearthd");
}

std::uint64_t number_of(const Request& request, std::string_view key, std::uint64_t fallback, std::uint64_t most) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return fallback;
  const auto number = parsed(found->second);
  if (!number) refuse("the parameter " + std::string(key) + " must be a whole number, not \"" + found->second + "\"");
  if (*number > most) refuse("the parameter " + std::string(key) + " can be at most " + std::to_string(most));
  return *number;
}

std::uint64_t limit_of(const Request& request, std::uint64_t fallback, std::uint64_t most) {
  const auto limit = number_of(request, "limit", fallback, most);
  if (limit == 0) refuse("the parameter limit must be at least 1");
  return limit;
}

std::string name_given(const Request& request, std::string_view key) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return {};
  if (domain::is_valid_name(found->second)) return found->second;
  refuse("the parameter " + std::string(key) + " is " + found->second + ", which is no function's name");
}

bool flag_of(const Request& request, std::string_view key) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return false;
  const auto& text = found->second;
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  refuse("the parameter " + std::string(key) + " must be true or false, not \"" + text + "\"");
}

void refuse_other_parameters(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : request.query) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto meant = control::nearest(key, known);
    refuse("the parameter " + key + " is not known here",
           meant.empty() ? "" : "did you mean " + std::string(meant) + "?");
  }
}

}  // namespace hearth::api
