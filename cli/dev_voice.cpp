#include "cli/dev_voice.h"

#include "cli/problem.h"
#include "cli/views.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

Style style_of(std::uint64_t status) {
  if (status == 0 || status >= 500) return Style::red;
  return status >= 400 ? Style::yellow : Style::green;
}

}  // namespace

std::string call_text(const json& call) {
  const auto target = text_at(call, "target");
  const auto status = number_at(call, "status");
  const auto& ms = child_at(call, "ms");
  std::array<char, 32> took{};
  const double millis = ms.is_number() ? ms.get<double>() : 0;
  std::snprintf(took.data(), took.size(), millis < 10 ? "%.1f ms" : "%.0f ms", millis);
  return text_at(call, "method") + " " + (target.starts_with('/') ? "" : "/") + target + " " +
         (status == 0 ? "left" : std::to_string(status)) + " " + took.data();
}

void DevVoice::say(std::string_view event, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (terminal_.json()) return terminal_.show_next({{"event", event}, {"text", text}});
  print(Style::cyan, "fn", text);
}

void DevVoice::fail(const domain::Fault& fault) {
  const std::scoped_lock lock(mutex_);
  if (terminal_.json()) {
    return terminal_.show_next({{"event", "failed"}, {"problem", json::parse(problem_document(fault))}});
  }
  terminal_.fail(fault);
}

void DevVoice::log(const json& line) {
  const std::scoped_lock lock(mutex_);
  if (terminal_.json()) return terminal_.show_next({{"event", "log"}, {"line", line}});
  print(Style::dim, "log", text_at(line, "text"));
}

void DevVoice::call(const json& call) {
  const std::scoped_lock lock(mutex_);
  if (terminal_.json()) return terminal_.show_next({{"event", "call"}, {"call", call}});
  print(style_of(number_at(call, "status")), "call", call_text(call));
}

// With mutex_ held.
void DevVoice::print(Style style, std::string_view head, std::string_view text) {
  auto line = terminal_.paint(style, head) + std::string(5 - std::min<std::size_t>(head.size(), 4), ' ');
  line += terminal_.tame(text);
  if (!line.ends_with('\n')) line += '\n';
  terminal_.print(line);
}

}  // namespace hearth::cli
