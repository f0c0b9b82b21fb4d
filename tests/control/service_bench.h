// A service on an engine, a builder, packages and a store in memory.
#pragma once

#include "caller.h"
#include "control/keep_records.h"
#include "control/records.h"
#include "control/service.h"
#include "control/spec_codec.h"
#include "fakes/fake_builder.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_engine.h"
#include "fakes/fake_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace hearth::control {

class ServiceBench : public testing::Test {
 protected:
  ServiceBench() {
    packages_.put("sha256:p1");
    packages_.put("sha256:p2");
    engine_.tell(dispatcher_);
  }

  // The hearthd after this one, on what it stored; service_ is to be ended before.
  struct Next {
    explicit Next(ServiceBench& bench)
        : dispatcher(bench.engine_, bench.clock_, {}),
          keep_records(bench.store_, dispatcher, bench.clock_, no_report),
          service(bench.store_, bench.packages_, bench.builder_, dispatcher, keep_records, bench.clock_) {
      service.load();
    }
    Dispatcher dispatcher;
    KeepRecords keep_records;
    Service service;
  };

  static void no_report(const domain::Fault&) {}

  static domain::FunctionSpec spec(const std::string& name = "hello") {
    domain::FunctionSpec spec;
    spec.name.name = name;
    spec.runtime = "python";
    spec.handler = "handler.py:handle";
    return spec;
  }
  // The fault of the build, or nothing.
  std::optional<domain::Fault> settle(const domain::Revision& revision) { return await(*service_, revision); }
  static std::optional<domain::Fault> await(Service& service, const domain::Revision& revision) {
    const auto log = service.build_log(revision.function, revision.number);
    EXPECT_TRUE(log);
    auto part = log->read(0, std::chrono::milliseconds{0});
    while (!part.settled) part = log->read(part.next, std::chrono::seconds{10});
    return part.fault;
  }
  static domain::FunctionSpec with_route(domain::FunctionSpec spec, const std::string& path) {
    spec.http_triggers = {{.path = path}};
    return spec;
  }
  // Whose the path is; empty: nobody's.
  static std::string function_at(const Dispatcher& dispatcher, const std::string& path) {
    Directory::Reader reader{dispatcher.directory()};
    const auto snapshot = reader.snapshot();
    const auto match = snapshot->routes.match("h", "GET", path);
    return match.rule ? match.rule->function : "";
  }
  domain::Revision deploy(const std::string& package = "sha256:p1", const std::string& name = "hello") {
    auto revision = service_->deploy(spec(name), package, std::nullopt);
    EXPECT_FALSE(settle(revision));
    return revision;
  }
  template <class Act>
  domain::Fault refused(Act act) {
    try {
      act();
    } catch (const domain::Error& error) {
      return error.fault();
    }
    ADD_FAILURE() << "was not refused";
    return {};
  }

  const domain::FunctionName hello_{.name = "hello"};
  tests::FakeClock clock_;
  tests::FakeEngine engine_;
  tests::FakeStore store_;
  tests::FakePackages packages_;
  tests::FakeBuilder builder_;
  Dispatcher dispatcher_{engine_, clock_, {}};
  KeepRecords keep_records_{store_, dispatcher_, clock_, no_report};
  std::unique_ptr<Service> service_ =
      std::make_unique<Service>(store_, packages_, builder_, dispatcher_, keep_records_, clock_);
};

}  // namespace hearth::control
