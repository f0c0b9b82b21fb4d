#include "gateway/forward.h"

#include "http/characters.h"
#include "http/compose.h"

#include <algorithm>
#include <charconv>

namespace hearth::gateway {
namespace {

using http::FieldId;

constexpr std::string_view kParameterPrefix = "Hearth-Param-";
// A start that waited for less had its turn at once.
constexpr std::chrono::milliseconds kNoticed{1};

// Whether `name` is `wanted` to a server that reads `_` as `-`, as CGI and WSGI do.
bool reads_as(std::string_view name, std::string_view wanted) noexcept {
  return std::ranges::equal(name, wanted, {}, [](char c) { return c == '_' ? '-' : http::lower(c); });
}

bool begins_as(std::string_view name, std::string_view prefix) noexcept {
  return reads_as(name.substr(0, prefix.size()), prefix);
}

// Who calls, by which way, and with which parameters is only ours to say; a function may believe any of these.
bool is_ours(const http::Field& field) noexcept {
  switch (field.id) {
    case FieldId::x_forwarded:
    case FieldId::hearth_call_id:
    case FieldId::hearth_deadline: return true;
    case FieldId::other: break;
    default: return false;
  }
  switch (http::lower(field.name[0])) {
    case 'f': return reads_as(field.name, "forwarded");
    case 'h':
      return begins_as(field.name, "hearth-param-") || reads_as(field.name, "hearth-call-id") ||
             reads_as(field.name, "hearth-deadline-ms") || reads_as(field.name, "hearth-ask");
    case 'x': return begins_as(field.name, "x-forwarded-") || reads_as(field.name, "x-real-ip");
    default: return false;
  }
}

bool of_one_hop(FieldId id) noexcept {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade: return true;
    default: return false;
  }
}

// Whether `Connection` names the field as one of this hop (RFC 9110 §7.6.1). What frames or routes a message cannot be
// named away.
bool named_for_this_hop(const http::Head& head, const http::Field& field) noexcept {
  if (field.id == FieldId::host || field.id == FieldId::content_length) return false;
  bool named = false;
  for (const auto& other : head.fields) {
    if (other.id != FieldId::connection) continue;
    http::for_each_member(other.value, [&](std::string_view member) {
      named = named || (member.size() == field.name.size() &&
                        std::ranges::equal(member, field.name, {}, http::lower, http::lower));
    });
  }
  return named;
}

// True when `Connection` says more than what every server understands.
bool names_fields(const http::Head& head) noexcept {
  bool more = false;
  for (const auto& field : head.fields) {
    if (field.id != FieldId::connection) continue;
    http::for_each_member(field.value, [&](std::string_view member) {
      more = more || !(http::same_ignoring_case(member, "close") || http::same_ignoring_case(member, "keep-alive"));
    });
  }
  return more;
}

void append_milliseconds(std::string& out, std::string_view name, std::chrono::microseconds duration) {
  out.append(name).append(";dur=");
  const auto micros = static_cast<std::uint64_t>(duration.count());
  http::append_number(out, micros / 1000);
  const auto rest = micros % 1000;
  const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, sizeof digits);
}

}  // namespace

void compose_request(std::string& out, const http::RequestHead& request, const CallFacts& facts) {
  out.append(request.method).append(facts.route.rest.starts_with('/') ? " " : " /").append(facts.route.rest);
  out += " HTTP/1.1\r\n";
  if (request.host.empty()) out += "Host: localhost\r\n";
  const bool names = names_fields(request);
  std::string_view traceparent = facts.traceparent;
  for (const auto& field : request.fields) {
    const bool ours = is_ours(field) || field.id == FieldId::expect;
    if (ours || of_one_hop(field.id) || (names && named_for_this_hop(request, field))) continue;
    if (field.id == FieldId::traceparent) {
      if (is_traceparent(field.value)) traceparent = field.value;
      continue;
    }
    http::compose_field(out, field.name, field.value);
  }
  if (request.framing == http::Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  http::compose_field(out, "X-Forwarded-For", facts.client);
  out += "X-Forwarded-Proto: http\r\n";
  if (!request.host.empty()) http::compose_field(out, "X-Forwarded-Host", request.host);
  if (!facts.route.prefix.empty()) http::compose_field(out, "X-Forwarded-Prefix", facts.route.prefix);
  if (facts.route.match) {
    facts.route.match->each_parameter([&](std::string_view name, std::string_view value) {
      out += kParameterPrefix;
      http::compose_field(out, name, value);
    });
  }
  if (facts.web_socket) out += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  http::compose_field(out, "Hearth-Call-Id", view(facts.id));
  http::compose_number(out, "Hearth-Deadline-Ms",
                       static_cast<std::uint64_t>(std::max<std::int64_t>(facts.left.count(), 0)));
  http::compose_field(out, "traceparent", traceparent);
  out += "\r\n";
}

void compose_answer(std::string& out, const http::ResponseHead& answer, AnswerFraming framing) {
  http::compose_status(out, answer.status, answer.reason);
  const bool names = names_fields(answer);
  const bool lengthless = answer.status < 200 || answer.status == 204;
  for (const auto& field : answer.fields) {
    if (of_one_hop(field.id) || field.id == FieldId::hearth_call_id) continue;
    if (lengthless && field.id == FieldId::content_length) continue;
    if (names && named_for_this_hop(answer, field)) continue;
    http::compose_field(out, field.name, field.value);
  }
  if (answer.status == 101) out += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  if (framing == AnswerFraming::chunked) out += "Transfer-Encoding: chunked\r\n";
}

void append_timing(std::string& out, const Timing& timing) {
  const auto append_if_any = [&](std::string_view name, std::chrono::microseconds duration, std::string_view why = "") {
    if (duration.count() <= 0) return;
    append_milliseconds(out, name, duration);
    if (!why.empty()) out.append(";desc=\"").append(why).append("\"");
    out += ", ";
  };
  append_if_any("held", timing.hold.held);
  if (const auto& turn = timing.hold.turn; turn.waited >= kNoticed) {
    append_if_any("turn", std::chrono::duration_cast<std::chrono::microseconds>(turn.waited),
                  turn.for_memory ? "memory" : "max_starts");
  }
  append_if_any("cold", timing.hold.cold, to_string(timing.hold.from));
  append_if_any("init", timing.hold.init);
  append_if_any("thaw", timing.hold.thaw);
  append_milliseconds(out, "exec", timing.exec);
}

int keep_alive_seconds(const http::ResponseHead& answer) noexcept {
  int seconds = -1;
  const auto* field = answer.find(FieldId::keep_alive);
  if (!field) return seconds;
  http::for_each_member(field->value, [&](std::string_view member) {
    constexpr std::string_view kTimeout = "timeout=";
    if (!http::same_ignoring_case(member.substr(0, kTimeout.size()), kTimeout)) return;
    const auto digits = member.substr(kTimeout.size());
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc{} && end == digits.data() + digits.size()) seconds = value;
  });
  return seconds;
}

}  // namespace hearth::gateway
