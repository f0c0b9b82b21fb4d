// A dispatcher on an engine in memory and a clock that stands still, and the calls that a test makes of it.
#pragma once

#include "caller.h"
#include "control/dispatcher.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace hearth::control {

// One that is built, of the image of its function's name.
inline domain::Revision revision_of(const std::string& name, const domain::Limits& limits = {},
                                    const domain::Scale& scale = {}, std::uint64_t number = 1) {
  domain::Revision revision;
  revision.function = {.name = name};
  revision.number = number;
  revision.image = name;
  revision.spec.name = revision.function;
  revision.spec.limits = limits;
  revision.spec.scale = scale;
  revision.state = domain::RevisionState::ready;
  return revision;
}

class DispatcherBench : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kPatient{30'000};

  explicit DispatcherBench(Dispatcher::Settings settings = {.gateway_threads = 2, .max_starts = 4, .max_stops = 4})
      : dispatcher_(engine_, clock_, settings) {
    engine_.tell(dispatcher_);
  }

  void serve(const std::string& name, const domain::Limits& limits = {}, const domain::Scale& scale = {}) {
    dispatcher_.serve(revision_of(name, limits, scale));
  }
  // Of hello, of an image of its own: image-NUMBER.
  void serve(std::uint64_t number, const domain::Limits& limits = {}, const domain::Scale& scale = {}) {
    auto revision = revision_of("hello", limits, scale, number);
    revision.image = "image-" + std::to_string(number);
    dispatcher_.serve(revision);
  }
  Caller& call(const std::string& name = "hello", std::chrono::milliseconds timeout = kPatient) {
    auto& caller = callers_.emplace_back(dispatcher_, clock_);
    EXPECT_TRUE(caller.call(name, timeout));
    return caller;
  }
  FunctionView view(const std::string& name = "hello") const { return *dispatcher_.view({.name = name}); }
  bool await_containers(std::size_t count) {
    return engine_.await([&](const tests::FakeEngine& engine) { return engine.containers() == count; });
  }

  tests::FakeClock clock_;
  tests::FakeEngine engine_;
  Dispatcher dispatcher_;
  std::deque<Caller> callers_;
};

}  // namespace hearth::control
