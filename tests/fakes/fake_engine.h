// An engine in memory that behaves: containers start when the test lets them, live, die and are stopped, and what is
// promised in ports/engine.h holds. Any thread.
#pragma once

#include "ports/engine.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hearth::tests {

class FakeEngine final : public ports::Engine {
 public:
  // What becomes of a container made of an image.
  struct Behaviour {
    enum class Kind { serves, exits, never_listens, listens_elsewhere, does_not_load } kind = Kind::serves;
    int exit_code = 1;
    bool held = false;  // starts wait for let_start()
    ports::Address address = ports::TcpAddress{"127.0.0.1", 1};
    domain::StartedFrom from = domain::StartedFrom::untold;
  };

  // Of every image not named.
  void behave(Behaviour behaviour) { behave("", behaviour); }
  void behave(const std::string& image, Behaviour behaviour) {
    const std::scoped_lock lock{mutex_};
    behaviours_[image] = std::move(behaviour);
    changed_.notify_all();
  }
  // Lets starts that are held go on, as the image behaves now.
  void let_start(const std::string& image = "") {
    const std::scoped_lock lock{mutex_};
    behaviours_[image].held = false;
    changed_.notify_all();
  }
  // Stops take until they are let go.
  void hold_stops(bool held) {
    const std::scoped_lock lock{mutex_};
    stops_held_ = held;
    changed_.notify_all();
  }
  // What keeps replicas from being frozen; empty: nothing. And whether the freezer refuses, or does not thaw again.
  void stir(std::string why) {
    const std::scoped_lock lock{mutex_};
    stirs_ = std::move(why);
  }
  void break_freezer(bool freezes, bool thaws) {
    const std::scoped_lock lock{mutex_};
    freezes_ = freezes;
    thaws_ = thaws;
  }
  // Freezes take until they are let go, or called off.
  void hold_freezes(bool held) {
    const std::scoped_lock lock{mutex_};
    freezes_held_ = held;
    changed_.notify_all();
  }
  bool frozen(domain::ReplicaId replica) const {
    const std::scoped_lock lock{mutex_};
    const auto found = live_.find(replica);
    return found != live_.end() && found->second.frozen;
  }
  std::size_t freezes() const { return read(asked_to_freeze_); }

  // A replica's process ends on its own.
  void die(domain::ReplicaId replica, ports::Exit exit) {
    ports::EngineEvents* events = nullptr;
    {
      const std::scoped_lock lock{mutex_};
      const auto found = live_.find(replica);
      if (found == live_.end() || std::exchange(found->second.dead, true)) return;
      events = events_;
      if (events == nullptr) untold_.emplace_back(replica, exit);
      changed_.notify_all();
    }
    if (events != nullptr) events->exited(replica, exit);
  }
  void go_away() {
    ports::EngineEvents* events = nullptr;
    {
      const std::scoped_lock lock{mutex_};
      away_ = true;
      events = events_;
    }
    if (events != nullptr) events->away(fault_away());
  }
  // Back, with the containers that outlived it.
  void come_back(bool containers_live) {
    ports::EngineEvents* events = nullptr;
    {
      const std::scoped_lock lock{mutex_};
      away_ = false;
      if (!containers_live) {
        for (auto& [id, container] : live_) container.dead = true;
      }
      events = events_;
    }
    if (events != nullptr) events->back();
  }

  // What happened so far.
  std::size_t starts() const { return read(starts_); }
  std::size_t most_starting() const { return read(most_starting_); }
  std::size_t stopping() const { return read(stopping_); }
  std::size_t containers() const {
    const std::scoped_lock lock{mutex_};
    return live_.size();
  }
  std::vector<domain::ReplicaId> running() const {
    const std::scoped_lock lock{mutex_};
    std::vector<domain::ReplicaId> ids;
    for (const auto& [id, container] : live_) {
      if (container.listening && !container.dead) ids.push_back(id);
    }
    return ids;
  }
  // The functions that replicas are expected of, and of which revision.
  std::map<domain::FunctionName, std::uint64_t> expected() const {
    const std::scoped_lock lock{mutex_};
    return expected_;
  }
  // Waits for what another thread does; false when it does not happen in time.
  bool await(const std::function<bool(const FakeEngine&)>& what,
             std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!what(*this)) {
      std::unique_lock lock{mutex_};
      if (changed_.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds{5})) ==
              std::cv_status::timeout &&
          std::chrono::steady_clock::now() >= until) {
        return false;
      }
    }
    return true;
  }

  // --- ports::Engine ---

  void expect(const ports::ReplicaSpec& spec) override {
    const std::scoped_lock lock{mutex_};
    expected_[spec.function] = spec.revision;
  }
  void expect_none(const domain::FunctionName& function) override {
    const std::scoped_lock lock{mutex_};
    expected_.erase(function);
  }

  ports::Running start(const ports::ReplicaSpec& spec, std::stop_token stop) override {
    std::unique_lock lock{mutex_};
    ++starts_;
    if (away_) throw domain::Error{fault_away()};
    live_[spec.id] = {.spec = spec, .listening = false, .dead = false};
    most_starting_ = std::max(most_starting_, ++starting_);
    changed_.notify_all();
    const std::stop_callback wake{stop, [this] { changed_.notify_all(); }};
    // Tests have no time to lose: here ten seconds last one.
    const auto deadline = std::chrono::steady_clock::now() + spec.start_timeout / 10;
    const auto behaviour = [&]() -> const Behaviour& {
      const auto own = behaviours_.find(spec.image);
      return own == behaviours_.end() ? behaviours_[""] : own->second;
    };
    const auto decided = [&] {
      const auto kind = behaviour().kind;
      const bool silent = kind == Behaviour::Kind::never_listens || kind == Behaviour::Kind::listens_elsewhere;
      return !behaviour().held && !silent;
    };
    while (!stop.stop_requested() && !decided() && std::chrono::steady_clock::now() < deadline) {
      changed_.wait_for(lock, std::chrono::milliseconds{5});
    }
    --starting_;
    changed_.notify_all();
    if (stop.stop_requested()) {
      live_.erase(spec.id);
      throw domain::Error{domain::Code::cancelled, domain::Layer::gateway, "the start was called off"};
    }
    if (const auto why = failure(behaviour())) {
      live_.erase(spec.id);
      throw domain::Error{domain::Code::unavailable, domain::Layer::function, *why};
    }
    live_[spec.id].address = behaviour().address;
    live_[spec.id].listening = true;
    return {.address = behaviour().address,
            .created = std::chrono::milliseconds{7},
            .loaded = std::chrono::milliseconds{3},
            .from = behaviour().from};
  }

  void stop(domain::ReplicaId replica, std::chrono::milliseconds) override {
    std::unique_lock lock{mutex_};
    ++stopping_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stops_held_; });
    --stopping_;
    if (away_) throw domain::Error{fault_away()};
    live_.erase(replica);
    changed_.notify_all();
  }

  std::optional<std::string> freeze(domain::ReplicaId replica, ports::Freeze which, std::stop_token stop) override {
    std::unique_lock lock{mutex_};
    ++asked_to_freeze_;
    changed_.notify_all();
    while (freezes_held_ && !stop.stop_requested()) changed_.wait_for(lock, std::chrono::milliseconds{5});
    if (stop.stop_requested()) return "it is wanted";
    if (which == ports::Freeze::if_quiet && !stirs_.empty()) return stirs_;
    if (!freezes_) throw domain::Error{domain::Code::unavailable, domain::Layer::engine, "the freezer refuses"};
    const auto found = live_.find(replica);
    if (found == live_.end() || !found->second.listening) return "it does not run";
    found->second.frozen = true;
    changed_.notify_all();
    return std::nullopt;
  }

  void thaw(domain::ReplicaId replica) override {
    const std::scoped_lock lock{mutex_};
    if (!thaws_) throw domain::Error{domain::Code::unavailable, domain::Layer::engine, "the freezer does not thaw"};
    if (const auto found = live_.find(replica); found != live_.end()) found->second.frozen = false;
    changed_.notify_all();
  }

  std::vector<ports::Found> recover() override {
    const std::scoped_lock lock{mutex_};
    std::vector<ports::Found> found;
    for (auto& [id, container] : live_) {
      container.frozen = false;
      if (container.listening && !container.dead) {
        found.push_back({.id = id,
                         .function = container.spec.function,
                         .revision = container.spec.revision,
                         .running = {.address = container.address}});
      }
    }
    std::erase_if(live_, [](const auto& entry) { return entry.second.dead || !entry.second.listening; });
    return found;
  }

  std::string release(domain::ReplicaId) override { return {}; }

  std::vector<ports::Found> adopt(const std::map<domain::ReplicaId, std::string>& replicas) override {
    auto found = recover();
    std::erase_if(found, [&](const ports::Found& one) { return !replicas.contains(one.id); });
    return found;
  }

  std::vector<domain::ReplicaId> alive() override { return running(); }

  void watch(ports::EngineEvents& events, std::stop_token stop) override {
    std::unique_lock lock{mutex_};
    events_ = &events;
    const auto untold = std::exchange(untold_, {});
    lock.unlock();
    for (const auto& [replica, exit] : untold) events.exited(replica, exit);
    lock.lock();
    const std::stop_callback wake{stop, [this] { changed_.notify_all(); }};
    while (!stop.stop_requested()) changed_.wait_for(lock, std::chrono::milliseconds{5});
    events_ = nullptr;
  }
  // For tests that need no watching thread.
  void tell(ports::EngineEvents& events) {
    const std::scoped_lock lock{mutex_};
    events_ = &events;
  }

 private:
  struct Container {
    ports::ReplicaSpec spec;
    bool listening = false;
    bool dead = false;
    bool frozen = false;
    ports::Address address = {};
  };

  static std::optional<std::string> failure(const Behaviour& behaviour) {
    switch (behaviour.kind) {
      case Behaviour::Kind::serves:
        return behaviour.held ? std::optional{"the container never listened"} : std::nullopt;
      case Behaviour::Kind::exits:
        return "the container exited with code " + std::to_string(behaviour.exit_code) + " before it listened";
      case Behaviour::Kind::never_listens: return "the container never listened";
      case Behaviour::Kind::listens_elsewhere: return "the container listens on port 3000, not on $PORT (8080)";
      case Behaviour::Kind::does_not_load: return "the handler did not load";
    }
    return std::nullopt;
  }
  static domain::Fault fault_away() {
    return {.code = domain::Code::unavailable, .layer = domain::Layer::engine, .message = "the engine does not answer"};
  }
  std::size_t read(const std::size_t& value) const {
    const std::scoped_lock lock{mutex_};
    return value;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Behaviour> behaviours_{{"", {}}};
  std::map<domain::ReplicaId, Container> live_;
  std::map<domain::FunctionName, std::uint64_t> expected_;
  ports::EngineEvents* events_ = nullptr;
  std::vector<std::pair<domain::ReplicaId, ports::Exit>> untold_;  // nobody watched
  bool away_ = false;
  std::size_t starts_ = 0;
  std::size_t starting_ = 0;
  std::size_t most_starting_ = 0;
  std::string stirs_;
  bool freezes_ = true;
  bool thaws_ = true;
  bool freezes_held_ = false;
  std::size_t asked_to_freeze_ = 0;
  bool stops_held_ = false;
  std::size_t stopping_ = 0;
};

}  // namespace hearth::tests
