#include "api/log_filter.h"

#include "domain/error.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

constexpr std::size_t kLongestPattern = 500;  // characters: percent-encoded, they fit into a URL
constexpr std::size_t kLongestId = 128;
constexpr std::size_t kTimeAt = 9;  // {"time":"

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw domain::Error(domain::Code::invalid, domain::Layer::client, std::move(message), std::move(hint));
}

// Counts and back-references let a short pattern take memory or time without end.
bool is_tame(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '{' || pattern[i] == '\0') return false;
    if (pattern[i] == '\\' && ++i < pattern.size() && pattern[i] >= '0' && pattern[i] <= '9') return false;
  }
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(pattern, begins)) <= kLongestPattern;
}

}  // namespace

std::string line_time(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() < kShape.size() + 1 || !text.ends_with('Z')) return {};
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return {};
  }
  const auto is_from = [&](std::size_t at, int least, int most) {
    const int number = (text[at] - '0') * 10 + (text[at + 1] - '0');
    return number >= least && number <= most;
  };
  const bool of_a_day = is_from(5, 1, 12) && is_from(8, 1, 31);
  if (!of_a_day || !is_from(11, 0, 23) || !is_from(14, 0, 59) || !is_from(17, 0, 60)) return {};
  auto fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  if (!fraction.empty() && (fraction.size() == 1 || fraction.size() > 10 || fraction.front() != '.')) return {};
  if (!fraction.empty()) fraction.remove_prefix(1);
  if (fraction.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::string millis(fraction.substr(0, 3));
  millis.resize(3, '0');
  return std::string(text.substr(0, kShape.size())) + "." + millis + "Z";
}

LogFilter::LogFilter(const Request& request) {
  const auto value = [&](std::string_view key) {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string() : found->second;
  };
  if (const auto since = value("since"); request.query.contains("since")) {
    since_ = line_time(since);
    if (since_.empty()) {
      refuse("the parameter since must be a time, not \"" + since + "\"", "such as 2026-01-31T09:05:00Z");
    }
  }
  if (const auto call = value("call"); request.query.contains("call")) {
    // An id that a line could not say matches none; it must not match parts of what it says otherwise.
    const bool plain = !call.empty() && call.size() <= kLongestId &&
                       std::ranges::all_of(call, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
    if (!plain) refuse("the parameter call is no call's id", "it stands in the answer's Hearth-Call-Id");
    call_ = ",\"call\":\"" + call + "\",\"text\":";
  }
  if (const auto grep = value("grep"); !grep.empty()) {
    if (!is_tame(grep)) {
      refuse("the parameter grep is too long, or counts with { } or refers back",
             "write it without, at most 500 characters");
    }
    auto regex = std::make_unique<regex_t>();
    const int reason = regcomp(regex.get(), grep.c_str(), REG_EXTENDED | REG_NOSUB);
    if (reason != 0) {
      char words[128];
      regerror(reason, regex.get(), words, sizeof words);
      throw domain::Error(domain::Code::unprocessable, domain::Layer::client,
                          "the parameter grep is no regular expression: " + std::string(words),
                          "it is read as grep -E does");
    }
    pattern_.reset(regex.release());
  }
}

bool LogFilter::takes(std::string_view line) const {
  if (!since_.empty() && line.substr(std::min(kTimeAt, line.size()), since_.size()) < since_) return false;
  // Quotes inside of the text are escaped: what is found is the member itself.
  if (!call_.empty() && line.find(call_) == std::string_view::npos) return false;
  if (pattern_ == nullptr) return true;
  const auto document = nlohmann::json::parse(line, nullptr, false);
  if (!document.is_object()) return false;
  return regexec(pattern_.get(), document.value("text", "").c_str(), 0, nullptr, 0) == 0;
}

std::string LogFilter::taken(std::string_view lines) const {
  std::string kept;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size() - 1);
    if (takes(lines.substr(0, end))) kept += lines.substr(0, end + 1);
    lines.remove_prefix(end + 1);
  }
  return kept;
}

}  // namespace hearth::api
