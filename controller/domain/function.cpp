#include "domain/function.h"

#include "domain/route_pattern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace hearth::domain {
namespace {

using std::chrono::milliseconds;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number, whole or with a point, and what follows it.
struct Measured {
  double number;
  std::string_view unit;
};

std::optional<Measured> measure(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || end[-1] == '.') return std::nullopt;
  return Measured{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

template <class Unit, std::size_t N>
std::optional<double> scaled(std::string_view text, const std::array<Unit, N>& units, double largest) {
  const auto measured = measure(text);
  if (!measured) return std::nullopt;
  const auto unit = std::ranges::find(units, measured->unit, &Unit::first);
  if (unit == units.end()) return std::nullopt;
  const double value = measured->number * unit->second;
  if (!(value <= largest)) return std::nullopt;
  return value;
}

using Named = std::pair<std::string_view, double>;
constexpr std::array kByteUnits{Named{"", 1.0}, Named{"Ki", 1024.0}, Named{"Mi", 1048576.0}, Named{"Gi", 1073741824.0},
                                Named{"Ti", 1099511627776.0}};
constexpr std::array kTimeUnits{Named{"ms", 1.0}, Named{"s", 1e3}, Named{"m", 6e4}, Named{"h", 3.6e6}};
constexpr std::array kCpuUnits{Named{"", 1e3}, Named{"m", 1.0}};

// Whether a relative path never leaves the folder it begins in, not even to come back.
bool stays_inside(std::string_view path) {
  if (path.starts_with('/') || path.find('\0') != path.npos) return false;
  while (!path.empty()) {
    const auto end = path.find('/');
    if (path.substr(0, end) == "..") return false;
    path = end == path.npos ? std::string_view{} : path.substr(end + 1);
  }
  return true;
}

void check_source(const FunctionSpec& spec, std::vector<Complaint>& complaints) {
  const int sources = !spec.runtime.empty() + !spec.image.empty() + !spec.build.empty();
  if (sources != 1) {
    complaints.push_back({sources == 0           ? "runtime"
                          : spec.runtime.empty() ? "image"
                                                 : "runtime",
                          "exactly one of runtime, image and build says where the code comes from"});
  }
  if (!spec.runtime.empty() && !is_valid_name(spec.runtime)) {
    complaints.push_back({"runtime", "must be the name of a runtime, such as python"});
  }
  if (!stays_inside(spec.build)) complaints.push_back({"build", "must be a path inside the function's folder"});
  if (!spec.handler.empty() && spec.runtime.empty()) {
    complaints.push_back({"handler", "only a function with a runtime has a handler"});
  }
}

void check_limits(const Limits& limits, std::vector<Complaint>& complaints) {
  const auto within = [&](bool fine, const char* field, const char* message) {
    if (!fine) complaints.push_back({field, message});
  };
  within(limits.memory >= mebibytes(16) && limits.memory <= gibibytes(1024), "limits.memory",
         "must be from 16Mi to 1024Gi");
  within(limits.cpu_millis >= 10 && limits.cpu_millis <= 256'000, "limits.cpu", "must be from 0.01 to 256");
  within(limits.timeout >= milliseconds{1} && limits.timeout <= std::chrono::hours{24}, "limits.timeout",
         "must be from 1ms to 24h");
  within(limits.concurrency >= 1 && limits.concurrency <= 1000, "limits.concurrency", "must be from 1 to 1000");
  within(limits.pids >= 1 && limits.pids <= 32'768, "limits.pids", "must be from 1 to 32768");
  within(limits.tmp <= gibibytes(64), "limits.tmp", "must be at most 64Gi");
  within(limits.body <= gibibytes(64), "limits.body", "must be at most 64Gi");
}

void check_scale(const Scale& scale, std::vector<Complaint>& complaints) {
  if (scale.max < 1 || scale.max > 1000) complaints.push_back({"scale.max", "must be from 1 to 1000"});
  if (scale.min > scale.max) complaints.push_back({"scale.min", "must not be more than scale.max"});
  if (scale.idle_timeout < milliseconds{100} || scale.idle_timeout > std::chrono::hours{24 * 7}) {
    complaints.push_back({"scale.idle_timeout", "must be from 100ms to 168h"});
  }
  if (scale.start_timeout < milliseconds{100} || scale.start_timeout > std::chrono::hours{1}) {
    complaints.push_back({"scale.start_timeout", "must be from 100ms to 1h"});
  }
  const auto& freeze = scale.freeze;
  if (freeze.when == Freeze::When::after &&
      (freeze.idle < milliseconds{100} || freeze.idle > std::chrono::hours{24 * 7})) {
    complaints.push_back({"scale.freeze", "must be auto, never, or from 100ms to 168h"});
  }
}

bool is_variable(std::string_view name) {
  const auto letter = [](char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || is_digit(c); });
}

void check_env(const FunctionSpec& spec, std::vector<Complaint>& complaints) {
  for (const auto& [name, value] : spec.env) {
    if (!is_variable(name)) {
      complaints.push_back({"env." + name, "a variable's name is letters, digits and _, and no digit first"});
    } else if (name.starts_with("HEARTH_") || name == "PORT") {
      complaints.push_back({"env." + name, "is set by Hearth; choose another name"});
    }
    if (value.find('\0') != std::string::npos) complaints.push_back({"env." + name, "must not contain a NUL"});
  }
}

void check_container_runtime(const std::string& name, std::vector<Complaint>& complaints) {
  const auto fits = [](char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '_' || c == '-';
  };
  if (name.size() > 128 || !std::ranges::all_of(name, fits)) {
    complaints.push_back({"container_runtime", "must be a name that the engine knows, such as runsc"});
  }
}

void check_debug(const FunctionSpec& spec, std::vector<Complaint>& complaints) {
  if (!spec.debug) return;
  if (spec.runtime.empty()) complaints.push_back({"debug", "only a function with a runtime has a debugger"});
  if (spec.scale.max != 1) complaints.push_back({"debug", "wants scale.max 1: a debugger is attached to one replica"});
}

// Each by itself, and no two of one function for the same requests.
void check_triggers(const std::vector<HttpTrigger>& triggers, std::vector<Complaint>& complaints) {
  constexpr std::size_t kMost = 100;
  if (triggers.size() > kMost) return complaints.push_back({"triggers", "must be at most 100"});
  const auto place = [](std::size_t i) { return "triggers[" + std::to_string(i) + "].http"; };
  std::vector<RoutePattern> patterns;
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    std::vector<Complaint> own;
    patterns.push_back(parse_pattern(triggers[i], own));
    for (auto& complaint : own) complaints.push_back({place(i) + "." + complaint.field, std::move(complaint.message)});
    for (std::size_t j = 0; own.empty() && j < i; ++j) {
      if (patterns[j].segments.empty() && triggers[j].path != "/") continue;  // complained of
      if (clash(patterns[i], patterns[j])) {
        complaints.push_back({place(i) + ".path", "takes the same requests as " + place(j)});
      }
    }
  }
}

}  // namespace

std::string to_string(const FunctionName& function) {
  return function.space == "default" ? function.name : function.space + "." + function.name;
}

std::string_view name(RevisionState state) {
  switch (state) {
    case RevisionState::building: return "building";
    case RevisionState::starting: return "starting";
    case RevisionState::ready: return "ready";
    case RevisionState::failed: return "failed";
  }
  return "failed";
}

std::string_view name(KeepAlive keep) {
  switch (keep) {
    case KeepAlive::automatic: return "auto";
    case KeepAlive::fixed: return "fixed";
    case KeepAlive::hybrid: return "hybrid";
  }
  return "auto";
}

std::optional<KeepAlive> parse_keep_alive(std::string_view text) {
  for (const auto keep : {KeepAlive::automatic, KeepAlive::fixed, KeepAlive::hybrid}) {
    if (name(keep) == text) return keep;
  }
  return std::nullopt;
}

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || !is_lower(name.front()) || name.back() == '-') return false;
  return std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

void check_retry(const RetryPolicy& retry, std::vector<Complaint>& complaints) {
  constexpr auto kTimes = "must be from 1ms to 24h";
  const auto is_time = [](milliseconds time) { return time >= milliseconds{1} && time <= std::chrono::hours{24}; };
  if (retry.attempts < 1 || retry.attempts > 100) complaints.push_back({"retry.attempts", "must be from 1 to 100"});
  if (!is_time(retry.backoff)) complaints.push_back({"retry.backoff", kTimes});
  if (!is_time(retry.max_backoff)) complaints.push_back({"retry.max_backoff", kTimes});
}

std::vector<Complaint> check(const FunctionSpec& spec) {
  std::vector<Complaint> complaints;
  constexpr auto kNameRule =
      "must be lower-case letters, digits and -, begin with a letter, not end with -, at most 63";
  if (!is_valid_name(spec.name.name)) complaints.push_back({"name", kNameRule});
  if (!is_valid_name(spec.name.space)) complaints.push_back({"namespace", kNameRule});
  check_source(spec, complaints);
  check_limits(spec.limits, complaints);
  check_scale(spec.scale, complaints);
  check_retry(spec.retry, complaints);
  check_env(spec, complaints);
  check_container_runtime(spec.container_runtime, complaints);
  check_debug(spec, complaints);
  check_triggers(spec.http_triggers, complaints);
  if (spec.history > 100) complaints.push_back({"history", "must be at most 100"});
  return complaints;
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto bytes = scaled(text, kByteUnits, 9e18);
  if (!bytes) return std::nullopt;
  return Bytes{static_cast<std::uint64_t>(std::llround(*bytes))};
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto duration = scaled(text, kTimeUnits, 9e15);
  if (!duration) return std::nullopt;
  return milliseconds{std::llround(*duration)};
}

std::optional<std::uint32_t> parse_cpu(std::string_view text) {
  const auto millis = scaled(text, kCpuUnits, 4e9);
  if (!millis) return std::nullopt;
  return static_cast<std::uint32_t>(std::llround(*millis));
}

std::optional<Freeze> parse_freeze(std::string_view text) {
  if (text == "auto") return Freeze{};
  if (text == "never") return Freeze{.when = Freeze::When::never};
  const auto idle = parse_duration(text);
  if (!idle) return std::nullopt;
  return Freeze{.when = Freeze::When::after, .idle = *idle};
}

std::string to_string(const Freeze& freeze) {
  switch (freeze.when) {
    case Freeze::When::automatic: return "auto";
    case Freeze::When::never: return "never";
    case Freeze::When::after: break;
  }
  return to_string(freeze.idle);
}

std::string to_string(Bytes bytes) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 4> kUnits{
      {{1ull << 40, "Ti"}, {1ull << 30, "Gi"}, {1ull << 20, "Mi"}, {1ull << 10, "Ki"}}};
  for (const auto& [size, unit] : kUnits) {
    if (bytes.count >= size && bytes.count % size == 0) return std::to_string(bytes.count / size).append(unit);
  }
  return std::to_string(bytes.count);
}

std::string to_string(milliseconds duration) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 3> kUnits{
      {{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
  for (const auto& [size, unit] : kUnits) {
    if (duration.count() >= size && duration.count() % size == 0) {
      return std::to_string(duration.count() / size).append(unit);
    }
  }
  return std::to_string(duration.count()) + "ms";
}

}  // namespace hearth::domain
