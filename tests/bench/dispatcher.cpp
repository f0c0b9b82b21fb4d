// What a warm call costs in the dispatcher: its grant and its end, on one thread and on two that share a function.
#include "control/dispatcher.h"
#include "fakes/fake_engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace hearth::control {
namespace {

using std::chrono::steady_clock;

constexpr int kCalls = 2'000'000;
constexpr int kRounds = 5;

class Nobody final : public Waiter {
 public:
  void granted(Lease) noexcept override {}
  void refused(domain::Fault) noexcept override {}
};

domain::Revision revision() {
  domain::Revision revision;
  revision.function = {.name = "hello"};
  revision.number = 1;
  revision.image = "image";
  revision.spec.name = revision.function;
  revision.spec.image = "image";
  revision.spec.scale.min = 1;
  revision.state = domain::RevisionState::ready;
  return revision;
}

double nanoseconds_a_call(Dispatcher& dispatcher, const FunctionHandle& function, std::uint32_t thread) {
  Nobody nobody;
  const auto began = steady_clock::now();
  const auto deadline = began + std::chrono::minutes{5};
  for (int i = 0; i < kCalls; ++i) {
    auto lease = std::get<Lease>(dispatcher.acquire(function, deadline, thread, nobody));
    lease.finish(Outcome::completed);
  }
  return std::chrono::duration<double, std::nano>(steady_clock::now() - began).count() / kCalls;
}

double best_of(Dispatcher& dispatcher, const FunctionHandle& function, std::uint32_t threads) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> took(threads);
    std::vector<std::jthread> callers;
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
      callers.emplace_back([&, thread] { took[thread] = nanoseconds_a_call(dispatcher, function, thread); });
    }
    callers.clear();
    best = std::min(best, *std::ranges::max_element(took));
  }
  return best;
}

}  // namespace
}  // namespace hearth::control

int main() {
  using namespace hearth;
  using namespace hearth::control;
  const ports::SystemClock clock;
  tests::FakeEngine engine;
  Dispatcher dispatcher{engine, clock, {.gateway_threads = 2}};
  engine.tell(dispatcher);
  dispatcher.serve(revision());
  if (!engine.await([](const tests::FakeEngine& fake) { return fake.running().size() == 1; })) return EXIT_FAILURE;
  Directory::Reader reader{dispatcher.directory()};
  const auto function = reader.find("hello")->handle;
  while (dispatcher.view({.name = "hello"})->state != domain::State::warm) std::this_thread::yield();
  for (const std::uint32_t threads : {1u, 2u}) {
    std::printf("%u thread%s: %.0f ns a call, grant and end\n", threads, threads == 1 ? "" : "s",
                best_of(dispatcher, function, threads));
  }
  return EXIT_SUCCESS;
}
