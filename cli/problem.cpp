#include "cli/problem.h"

#include <array>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;
using namespace domain;

constexpr std::array kCodes{Code::invalid,     Code::unprocessable, Code::denied,     Code::not_found,
                            Code::conflict,    Code::stale,         Code::overloaded, Code::full,
                            Code::unavailable, Code::timeout,       Code::cancelled,  Code::internal};
constexpr std::array kLayers{Layer::client, Layer::gateway, Layer::engine, Layer::function, Layer::limit};

Code code_of(int status) {
  switch (status) {
    case 401:
    case 403: return Code::denied;
    case 404: return Code::not_found;
    case 409: return Code::conflict;
    case 412: return Code::stale;
    case 422: return Code::unprocessable;
    case 408:
    case 504: return Code::timeout;
    case 429: return Code::overloaded;
    case 499: return Code::cancelled;
    case 502:
    case 503: return Code::unavailable;
    case 507: return Code::full;
    default: return status < 500 ? Code::invalid : Code::internal;
  }
}

std::string text_of(const json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <class Enum, std::size_t N>
Enum named(const std::string& text, const std::array<Enum, N>& all, Enum otherwise) {
  for (const auto one : all) {
    if (name(one) == text) return one;
  }
  return otherwise;
}

// Every complaint on a line of its own, before the log.
std::string complaints_of(const json& document) {
  const auto errors = document.find("errors");
  if (errors == document.end() || !errors->is_array()) return {};
  std::string lines;
  for (const auto& error : *errors) {
    if (!error.is_object()) continue;
    lines += text_of(error, "field") + ": " + text_of(error, "message") + "\n";
  }
  return lines;
}

}  // namespace

Fault read_problem(int status, std::string_view body) {
  Fault fault{.code = code_of(status), .layer = status < 500 ? Layer::client : Layer::gateway, .message = {}};
  const auto document = json::parse(body, nullptr, false);
  if (!document.is_object()) {
    fault.message = "the answer was " + std::to_string(status) + " without a reason";
    return fault;
  }
  fault.code = named(text_of(document, "code"), kCodes, fault.code);
  fault.layer = named(text_of(document, "layer"), kLayers, fault.layer);
  fault.message = text_of(document, "detail");
  if (fault.message.empty()) fault.message = text_of(document, "title");
  if (fault.message.empty()) fault.message = "the answer was " + std::to_string(status);
  fault.hint = text_of(document, "hint");
  fault.detail = complaints_of(document) + text_of(document, "log");
  return fault;
}

std::string problem_document(const Fault& fault) {
  json document{{"type", "about:blank"},
                {"status", http_status(fault)},
                {"code", name(fault.code)},
                {"layer", name(fault.layer)},
                {"detail", fault.message}};
  if (!fault.hint.empty()) document["hint"] = fault.hint;
  if (!fault.detail.empty()) document["log"] = fault.detail;
  if (fault.retry_after) document["retry_after"] = fault.retry_after->count();
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hearth::cli
