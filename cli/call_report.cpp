#include "cli/call_report.h"

#include "cli/utf8.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

namespace hearth::cli {
namespace {

using nlohmann::json;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Cuts the piece before `separator` off the front.
std::string_view cut(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto piece = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(piece);
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<Timing> read_timing(std::string_view entry) {
  Timing timing{.name = std::string(cut(entry, ';'))};
  bool lasted = false;
  while (!entry.empty()) {
    auto parameter = cut(entry, ';');
    const auto name = cut(parameter, '=');
    if (name == "desc") timing.why = unquoted(parameter);
    if (name != "dur") continue;
    const auto [end, error] = std::from_chars(parameter.data(), parameter.data() + parameter.size(), timing.millis);
    lasted = error == std::errc{};
  }
  return lasted ? std::optional{std::move(timing)} : std::nullopt;
}

std::string millis_text(double millis) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), millis < 10 ? "%.2f ms" : "%.0f ms", millis);
  return text.data();
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u; };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return text;
}

}  // namespace

std::vector<Timing> read_timings(std::string_view header) {
  std::vector<Timing> timings;
  while (!header.empty()) {
    if (auto timing = read_timing(cut(header, ','))) timings.push_back(std::move(*timing));
  }
  return timings;
}

std::string call_lines(const net::Response& head, double total_millis) {
  std::string text = "status   " + std::to_string(head.status) + "\n";
  if (const auto call = head.header("hearth-call-id")) text += "call     " + *call + "\n";
  text += "timings  ";
  for (const auto& timing : read_timings(head.header("server-timing").value_or(""))) {
    text += timing.name + " " + millis_text(timing.millis);
    if (!timing.why.empty()) text += " (" + timing.why + ")";
    text += " · ";
  }
  return text + "total " + millis_text(total_millis) + "\n";
}

json call_document(const net::Response& head, const std::string& body, double total_millis) {
  json timings = json::object();
  for (const auto& timing : read_timings(head.header("server-timing").value_or("")))
    timings[timing.name] = timing.millis;
  timings["total"] = total_millis;
  json headers = json::object();
  for (const auto& [name, value] : head.headers) {
    headers[name] = headers.contains(name) ? headers[name].get<std::string>() + ", " + value : value;
  }
  json document{{"status", head.status}, {"headers", headers}, {"timings_ms", timings}};
  if (const auto call = head.header("hearth-call-id")) document["call"] = *call;
  if (find_bad_utf8(body)) {
    document["body_base64"] = base64(body);
  } else {
    document["body"] = body;
  }
  return document;
}

}  // namespace hearth::cli
