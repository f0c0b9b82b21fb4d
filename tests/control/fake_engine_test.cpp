// The engine that tests of the control world run on keeps what every engine keeps.
#include "fakes/fake_engine.h"

#include "contract/engine_contract.h"

#include <algorithm>

namespace hearth::contract {
namespace {

using tests::FakeEngine;

class FakeWorld final : public World {
 public:
  FakeWorld() {
    using Kind = FakeEngine::Behaviour::Kind;
    const auto behave = [this](Behaviour behaviour, Kind kind, int code = 0) {
      engine_.behave(image_of(behaviour), {.kind = kind, .exit_code = code});
    };
    behave(Behaviour::serves, Kind::serves);
    behave(Behaviour::exits_with_3, Kind::exits, 3);
    behave(Behaviour::never_listens, Kind::never_listens);
    behave(Behaviour::listens_elsewhere, Kind::listens_elsewhere);
    behave(Behaviour::does_not_load, Kind::does_not_load);
  }

  ports::Engine& engine() override { return engine_; }
  ports::Engine& restart() override { return engine_; }  // it keeps no memory that a restart would lose
  ports::ReplicaSpec spec(Behaviour behaviour) override {
    ports::ReplicaSpec spec;
    spec.id = ++last_;
    spec.function = {.name = "hello"};
    spec.revision = 4;
    spec.image = image_of(behaviour);
    return spec;
  }
  bool serves(domain::ReplicaId replica, const ports::Address&) override {
    const auto running = engine_.running();
    return std::ranges::find(running, replica) != running.end();
  }
  bool is_frozen(domain::ReplicaId replica) override { return engine_.frozen(replica); }
  void make_exit(domain::ReplicaId replica, const ports::Address&, int code) override {
    engine_.die(replica, {.code = code});
  }
  std::size_t things() override { return engine_.containers(); }

 private:
  static std::string image_of(Behaviour behaviour) { return "image-" + std::to_string(static_cast<int>(behaviour)); }

  FakeEngine engine_;
  domain::ReplicaId last_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Fake, EngineContract,
                         testing::Values([]() -> std::unique_ptr<World> { return std::make_unique<FakeWorld>(); }));

}  // namespace
}  // namespace hearth::contract
