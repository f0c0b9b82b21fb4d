// A whole hearthd behind the API, in memory: the real service over a fake engine, builder and store.
#pragma once

#include "api/handlers.h"
#include "control/durable_calls.h"
#include "control/keep_records.h"
#include "control/metering.h"
#include "control/service.h"
#include "fakes/fake_builder.h"
#include "fakes/fake_call_store.h"
#include "fakes/fake_caller.h"
#include "fakes/fake_engine.h"
#include "fakes/fake_store.h"
#include "fakes/temporary_folder.h"
#include "ports/clock.h"
#include "telemetry/log_files.h"

#include <gtest/gtest.h>
#include <chrono>
#include <optional>
#include <string>

namespace hearth::api {

inline const std::string kPackage = "sha256:" + std::string(64, 'a');

struct WholeHearth {
  explicit WholeHearth(ports::Packages* other_packages = nullptr)
      : packages(other_packages == nullptr ? memory_packages : *other_packages) {
    memory_packages.put(kPackage);
    info.version = "0.1.0";
    info.installation = "00c0ffee00c0ffee";
    info.gateway_url = "http://127.0.0.1:8080";
    info.cpus = 2;
    info.memory = domain::gibibytes(4);
    info.engine = [] {
      return EngineFacts{.name = "docker",
                         .version = "20.10.24",
                         .api_version = "1.41",
                         .reachable = true,
                         .cells = {},
                         .parked_networks = 3};
    };
    info.obstacle_to_cells = [](const domain::Revision& one) { return domain::obstacle_to_cells(one.spec); };
    info.unready = [this] { return unready; };
  }

  Parts parts() {
    return {.service = service, .metering = metering, .packages = packages, .logs = logs, .calls = calls, .info = info};
  }

  // Waits until the build of a revision is settled.
  void await_build(const domain::FunctionName& name, std::uint64_t revision) {
    const auto log = service.build_log(name, revision);
    if (!log) return;
    for (auto part = log->read(0, std::chrono::seconds(10)); !part.settled;) {
      part = log->read(part.next, std::chrono::seconds(10));
    }
  }

  ports::SystemClock clock;
  tests::FakeEngine engine;
  tests::FakeStore store;
  tests::FakePackages memory_packages;
  ports::Packages& packages;
  tests::FakeBuilder builder;
  control::Dispatcher dispatcher{engine, clock, {}};
  control::KeepRecords keep_records{store, dispatcher, clock, [](const domain::Fault&) {}};
  control::Service service{store, packages, builder, dispatcher, keep_records, clock};
  control::Metering metering{store, dispatcher, clock, {}};
  tests::FakeCallStore call_store;
  tests::FakeCaller caller;
  control::DurableCalls calls{call_store, caller, clock, {}};  // not started: what is queued stays so
  tests::TemporaryFolder folder;
  telemetry::LogFiles logs{{.folder = folder / "logs"}};
  std::optional<domain::Fault> unready;
  Info info;
};

}  // namespace hearth::api
