// What `fn dev` says while it runs: a line for each call, log and deploy, whole ones, from any thread.
#pragma once

#include "cli/terminal.h"

#include <nlohmann/json_fwd.hpp>

#include <mutex>
#include <string_view>

namespace hearth::cli {

class DevVoice {
 public:
  // `terminal` outlives it.
  explicit DevVoice(const Terminal& terminal) : terminal_(terminal) {}

  // Of fn itself: "saved handler.py", "revision 3 answers after 0.8 s". `event` is its name in documents.
  void say(std::string_view event, std::string_view text);
  void fail(const domain::Fault& fault);
  void log(const nlohmann::json& line);
  void call(const nlohmann::json& call);

 private:
  void print(Style style, std::string_view head, std::string_view text);

  const Terminal& terminal_;
  std::mutex mutex_;
};

// "GET /users?id=7 200 12 ms": a call of the API's as a person reads it. Pure.
std::string call_text(const nlohmann::json& call);

}  // namespace hearth::cli
