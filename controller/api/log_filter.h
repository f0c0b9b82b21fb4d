// Which lines of a function's log a client wants. One thread.
#pragma once

#include "api/message.h"

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>

namespace hearth::api {

class LogFilter {
 public:
  // The parameters since, call and grep; throws `invalid` for those that cannot be understood.
  explicit LogFilter(const Request& request);

  // False: it takes every line.
  bool is_set() const { return !since_.empty() || !call_.empty() || pattern_ != nullptr; }
  // `line` is one of telemetry/log_line.h, without its newline.
  bool takes(std::string_view line) const;
  // Those of `lines` that it takes, each with its newline.
  std::string taken(std::string_view lines) const;

 private:
  struct FreeRegex {
    void operator()(regex_t* regex) const noexcept {
      regfree(regex);
      delete regex;
    }
  };

  std::string since_;  // "2026-01-31T09:05:00.000Z": as lines are written, so that text compares as time
  std::string call_;   // "\"call\":\"…\"", as a line says it
  std::unique_ptr<regex_t, FreeRegex> pattern_;
};

// "2026-01-31T09:05:00Z", with any fraction of a second → as lines are written; empty for what is no such time.
std::string line_time(std::string_view text);

}  // namespace hearth::api
