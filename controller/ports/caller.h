// Hands durable calls to their functions, by the way that every call takes.
#pragma once

#include "domain/durable_call.h"
#include "domain/function.h"
#include "ports/call_store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hearth::ports {

// One attempt.
struct Errand {
  std::string id;
  domain::FunctionName function;
  std::string trigger;
  std::uint32_t attempt = 1;
  HeadText head;
  Content body;
};

struct Attempted {
  domain::Outcome outcome;
  std::optional<Answer> answer;  // where the function answered
};

class Caller {
 public:
  using Then = std::function<void(Attempted)>;

  virtual ~Caller() = default;
  // `then` is called once, from a thread of its own; it must only post. Any thread; never blocks.
  virtual void start(Errand errand, Then then) = 0;
  // Breaks the attempt of this call off, where it runs.
  virtual void stop(const std::string& id) = 0;
};

}  // namespace hearth::ports
