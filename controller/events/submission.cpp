#include "events/submission.h"

#include "domain/head_text.h"
#include "http/passing.h"
#include "http/problem.h"

#include <algorithm>
#include <ctime>

namespace hearth::events {
namespace {

using http::FieldId;

constexpr std::string_view kDoor = "/async/";

// RFC 3339, in UTC.
std::string time_text(domain::WallTime time) {
  const auto milliseconds = time.time_since_epoch().count();
  const std::time_t seconds = milliseconds / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  const auto rest = std::to_string(1000 + milliseconds % 1000);
  return std::string(text, size) + "." + rest.substr(1) + "Z";
}

std::string json_text(std::string_view text) { return "\"" + http::json_escaped(text) + "\""; }

}  // namespace

std::optional<AsyncTarget> async_target(std::string_view target) noexcept {
  if (!target.starts_with(kDoor)) return std::nullopt;
  const auto end = std::min(target.find_first_of("/?", kDoor.size()), target.size());
  if (end == kDoor.size()) return std::nullopt;
  return AsyncTarget{target.substr(kDoor.size(), end - kDoor.size()), target.substr(0, end), target.substr(end)};
}

ports::HeadText stored_head(const http::RequestHead& request, const AsyncTarget& target, std::string_view client) {
  ports::HeadText head;
  head.append(request.method).append(target.rest.starts_with('/') ? " " : " /").append(target.rest) += '\n';
  const http::Passing passing(request);
  for (const auto& field : request.fields) {
    if (http::is_of_the_way(field) || field.id == FieldId::content_length || field.id == FieldId::trailer) continue;
    if (passing.passes(field)) domain::append_head_field(head, field.name, field.value);
  }
  domain::append_head_field(head, "X-Forwarded-For", http::address_of(client));
  domain::append_head_field(head, "X-Forwarded-Proto", "http");
  if (!request.host.empty()) domain::append_head_field(head, "X-Forwarded-Host", request.host);
  domain::append_head_field(head, "X-Forwarded-Prefix", target.prefix);
  return head;
}

Receipt receipt(const std::string& id, std::string_view function) {
  const auto location = std::string(kDoor) + id;
  return {.location = location,
          .body = "{\"id\":" + json_text(id) + ",\"function\":" + json_text(function) +
                  ",\"state\":\"queued\",\"result\":" + json_text(location + "/result") + "}\n"};
}

std::string standing(const ports::CallRecord& record) {
  const auto& summary = record.summary;
  std::string text = "{\"id\":" + json_text(summary.id) + ",\"function\":" + json_text(to_string(summary.function)) +
                     ",\"state\":" + json_text(name(summary.state)) +
                     ",\"attempts\":" + std::to_string(summary.attempts) +
                     ",\"accepted\":" + json_text(time_text(summary.accepted));
  if (summary.state == domain::CallState::queued) {
    text += summary.started ? ",\"started\":" + json_text(time_text(*summary.started))
                            : ",\"due\":" + json_text(time_text(summary.due));
  }
  if (summary.finished) text += ",\"finished\":" + json_text(time_text(*summary.finished));
  if (summary.status != 0) text += ",\"status\":" + std::to_string(summary.status);
  if (!summary.reason.empty()) text += ",\"reason\":" + json_text(summary.reason);
  return text + "}\n";
}

}  // namespace hearth::events
