#include "gateway/forward.h"

#include "http/characters.h"
#include "http/compose.h"
#include "http/passing.h"

#include <algorithm>
#include <charconv>

namespace hearth::gateway {
namespace {

using http::FieldId;

constexpr std::string_view kParameterPrefix = "Hearth-Param-";
// A start that waited for less had its turn at once.
constexpr std::chrono::milliseconds kNoticed{1};

void append_milliseconds(std::string& out, std::string_view name, std::chrono::microseconds duration) {
  out.append(name).append(";dur=");
  const auto micros = static_cast<std::uint64_t>(duration.count());
  http::append_number(out, micros / 1000);
  const auto rest = micros % 1000;
  const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  out.append(digits, sizeof digits);
}

// Of a call that another part of hearthd makes.
bool is_said_anew(const http::Field& field) noexcept {
  return field.id == FieldId::hearth_call_id || field.id == FieldId::hearth_deadline;
}

// Which way the request came.
void compose_way(std::string& out, const http::RequestHead& request, const CallFacts& facts) {
  http::compose_field(out, "X-Forwarded-For", facts.client);
  out += "X-Forwarded-Proto: http\r\n";
  if (!request.host.empty()) http::compose_field(out, "X-Forwarded-Host", request.host);
  if (!facts.route.prefix.empty()) http::compose_field(out, "X-Forwarded-Prefix", facts.route.prefix);
}

}  // namespace

void compose_request(std::string& out, const http::RequestHead& request, const CallFacts& facts) {
  out.append(request.method).append(facts.route.rest.starts_with('/') ? " " : " /").append(facts.route.rest);
  out += " HTTP/1.1\r\n";
  if (request.host.empty()) out += "Host: localhost\r\n";
  const http::Passing passing(request);
  std::string_view traceparent = facts.traceparent;
  for (const auto& field : request.fields) {
    if (facts.ours ? is_said_anew(field) : http::is_of_the_way(field)) continue;
    if (!passing.passes(field)) continue;
    if (field.id == FieldId::traceparent) {
      if (is_traceparent(field.value)) traceparent = field.value;
      continue;
    }
    http::compose_field(out, field.name, field.value);
  }
  if (request.framing == http::Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!facts.ours) compose_way(out, request, facts);
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
  const http::Passing passing(answer);
  const bool lengthless = answer.status < 200 || answer.status == 204;
  for (const auto& field : answer.fields) {
    if (field.id == FieldId::hearth_call_id || field.id == FieldId::hearth_refused) continue;
    if (lengthless && field.id == FieldId::content_length) continue;
    if (!passing.passes(field)) continue;
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
