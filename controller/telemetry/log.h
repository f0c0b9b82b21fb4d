// What hearthd says about itself, on standard error: one line an event, a fixed message and named fields. The only
// user of spdlog. Any thread; a line is written before the call returns.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::telemetry::log {

enum class Level : std::uint8_t { debug, info, warn, error };

struct Settings {
  Level level = Level::info;
  bool json = false;  // a JSON object a line, for collectors
};

std::optional<Level> parse_level(std::string_view text);  // "debug", "info", "warn", "error"

// Once, before other threads start. Without it: info, text.
void configure(const Settings& settings);

struct Field {
  Field(std::string_view key, std::string_view text) : key(key), value(text), quoted(true) {}
  Field(std::string_view key, const char* text) : Field(key, std::string_view(text)) {}
  Field(std::string_view key, const std::string& text) : Field(key, std::string_view(text)) {}
  Field(std::string_view key, bool truth) : key(key), value(truth ? "true" : "false"), quoted(false) {}
  template <class Number>
    requires(std::integral<Number> || std::floating_point<Number>)
  Field(std::string_view key, Number number) : key(key), value(std::to_string(number)), quoted(false) {}

  std::string_view key;
  std::string value;
  bool quoted;
};
using Fields = std::initializer_list<Field>;

// "replica ready" {"function", "hello"}, {"took_ms", 12} → `replica ready function=hello took_ms=12`.
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

// The part of a line that `message` and `fields` make.
std::string format_text(std::string_view message, Fields fields);
std::string format_json(std::string_view message, Fields fields);  // members, without the braces

}  // namespace hearth::telemetry::log
