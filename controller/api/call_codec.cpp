#include "api/call_codec.h"

#include "control/spec_codec.h"
#include "domain/head_text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using nlohmann::json;

// Compared without hyphens and underscores, in lower case.
constexpr std::array<std::string_view, 8> kSecretParts{"authorization", "cookie", "credential", "apikey",
                                                       "password",      "passwd", "secret",     "token"};
constexpr std::array<std::string_view, 3> kSecretNames{"key", "auth", "xauth"};

// Heads hold any bytes; a document is UTF-8.
std::string text_of(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

json summary_json(const ports::CallSummary& call) {
  json document{{"id", call.id},
                {"function", call.function.name},
                {"namespace", call.function.space},
                {"state", name(call.state)},
                {"trigger", call.trigger},
                {"attempts", call.attempts},
                {"accepted", control::format_time(call.accepted)}};
  if (call.state == domain::CallState::queued) document["due"] = control::format_time(call.due);
  if (call.started) document["started"] = control::format_time(*call.started);
  if (call.finished) document["finished"] = control::format_time(*call.finished);
  if (call.misses != 0) document["misses"] = call.misses;
  if (call.status != 0) document["status"] = call.status;
  if (!call.reason.empty()) document["reason"] = call.reason;
  return document;
}

json headers_json(const domain::HeadText& head) {
  json headers = json::array();
  for (const auto& [name, value] : head.fields) {
    json header{{"name", name}};
    looks_secret(name) ? header["hidden"] = true : header["value"] = value;
    headers.push_back(std::move(header));
  }
  return headers;
}

json request_json(const ports::CallRecord& call) {
  const auto head = domain::read_head_text(call.head);
  const auto space = std::min(head.first.find(' '), head.first.size());
  return {{"method", head.first.substr(0, space)},
          {"target", without_secrets(head.first.substr(std::min(space + 1, head.first.size())))},
          {"headers", headers_json(head)},
          {"size", call.body.size}};
}

json failure_json(const domain::Attempt& attempt) {
  json document{{"number", attempt.number},
                {"started", control::format_time(attempt.started)},
                {"ended", control::format_time(attempt.ended)},
                {"reason", attempt.reason}};
  if (attempt.status != 0) document["status"] = attempt.status;
  return document;
}

}  // namespace

bool looks_secret(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '-' && c != '_') plain += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  }
  return std::ranges::find(kSecretNames, plain) != kSecretNames.end() ||
         std::ranges::any_of(kSecretParts, [&](auto part) { return plain.find(part) != plain.npos; });
}

std::string without_secrets(std::string_view target) {
  const auto query = std::min(target.find('?'), target.size());
  std::string shown(target.substr(0, query));
  auto rest = target.substr(query);
  while (!rest.empty()) {
    shown += rest.front();  // ? or &
    rest.remove_prefix(1);
    const auto parameter = rest.substr(0, rest.find('&'));
    const auto equals = parameter.find('=');
    const bool hidden = equals != parameter.npos && looks_secret(parameter.substr(0, equals));
    shown.append(hidden ? parameter.substr(0, equals + 1) : parameter).append(hidden ? "(hidden)" : "");
    rest.remove_prefix(parameter.size());
  }
  return shown;
}

std::string call_summary_text(const ports::CallSummary& call) { return text_of(summary_json(call)); }

std::string call_text(const ports::CallRecord& call) {
  auto document = summary_json(call.summary);
  document["request"] = request_json(call);
  document["failures"] = json::array();
  for (const auto& attempt : call.failed) document["failures"].push_back(failure_json(attempt));
  if (call.answer) {
    document["answer"] = {{"status", call.answer->status},
                          {"headers", headers_json(domain::read_head_text(call.answer->head))},
                          {"size", call.answer->body.size}};
  }
  return text_of(document);
}

std::string redriven_text(std::size_t count, std::string_view next) {
  json document{{"redriven", count}};
  if (!next.empty()) document["next"] = next;
  return text_of(document);
}

}  // namespace hearth::api
