#include "telemetry/log.h"

#include "telemetry/json_text.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

namespace hearth::telemetry::log {
namespace {

constexpr auto kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v";
constexpr auto kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The one process-wide object of this code base: standard error is one, too.
struct Output {
  Output() { apply({}); }

  void apply(const Settings& settings) {
    json = settings.json;
    logger.set_level(level_of(settings.level));
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(settings.json ? kJsonPattern : kTextPattern,
                                                                     spdlog::pattern_time_type::utc));
    logger.flush_on(spdlog::level::debug);
  }

  std::atomic<bool> json = false;
  spdlog::logger logger{"hearthd", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Output& output() {
  static Output instance;
  return instance;
}

void write(Level level, std::string_view message, Fields fields) {
  auto& out = output();
  if (!out.logger.should_log(level_of(level))) return;
  const auto line = out.json ? format_json(message, fields) : format_text(message, fields);
  out.logger.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

bool is_bare(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '='; });
}

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};
  const auto* found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Level>(found - kNames.begin());
}

void configure(const Settings& settings) { output().apply(settings); }

void debug(std::string_view message, Fields fields) { write(Level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(Level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(Level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(Level::error, message, fields); }

std::string format_text(std::string_view message, Fields fields) {
  // A message may carry another's words; a line stays one line.
  std::string line(message);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  for (const auto& field : fields) {
    line.append(" ").append(field.key).append("=");
    if (!field.quoted || is_bare(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  return line;
}

std::string format_json(std::string_view message, Fields fields) {
  std::string line = "\"message\":";
  append_quoted(line, message);
  for (const auto& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    if (field.quoted) {
      append_quoted(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line;
}

}  // namespace hearth::telemetry::log
