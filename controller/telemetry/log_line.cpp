#include "telemetry/log_line.h"

#include "telemetry/json_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace hearth::telemetry {
namespace {

constexpr char kMarker = 0x1f;
constexpr std::size_t kLongestCall = 64;
constexpr std::size_t kLongestText = 64 << 10;

void append_time(std::string& to, domain::WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "\"%04d-%02u-%02uT%02d:%02d:%02d.%03dZ\"", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  to += text.data();
}

}  // namespace

MarkedText split_marker(std::string_view text) {
  if (text.empty() || text.front() != kMarker) return {{}, text};
  const auto end = text.find(kMarker, 1);
  if (end == std::string_view::npos || end == 1 || end > kLongestCall + 1) return {{}, text};
  const auto call = text.substr(1, end - 1);
  const bool printable = std::ranges::all_of(call, [](char c) { return c > ' ' && c < 0x7f; });
  if (!printable) return {{}, text};
  return {call, text.substr(end + 1)};
}

std::string format_line(const ports::LogLine& line) {
  const auto marked = split_marker(line.text);
  std::string out = "{\"time\":";
  append_time(out, line.time);
  out += ",\"replica\":\"" + domain::format_replica(line.replica) + "\"";
  out += line.error_stream ? ",\"stream\":\"stderr\"" : ",\"stream\":\"stdout\"";
  if (!marked.call.empty()) {
    out += ",\"call\":";
    append_quoted(out, marked.call);
  }
  out += ",\"text\":";
  if (marked.text.size() > kLongestText) {
    append_quoted(out, std::string(marked.text.substr(0, kLongestText)) + "… (" +
                           std::to_string(marked.text.size() - kLongestText) + " bytes more)");
  } else {
    append_quoted(out, marked.text);
  }
  return out += "}\n";
}

std::string format_notice(domain::WallTime time, std::string_view text) {
  std::string out = "{\"time\":";
  append_time(out, time);
  out += ",\"stream\":\"hearth\",\"text\":";
  append_quoted(out, text);
  return out += "}\n";
}

}  // namespace hearth::telemetry
