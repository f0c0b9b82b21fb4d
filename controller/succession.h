// How one hearthd takes the place of another without a lost call; docs/decisions/0004-one-hearthd-follows-another.md.
// Knows which parts are given in which order; handover/ knows how two processes speak.
#pragma once

#include "api/api.h"
#include "config.h"
#include "control/dispatcher.h"
#include "control/durable_calls.h"
#include "control/keep_records.h"
#include "control/metering.h"
#include "control/service.h"
#include "gateway/gateway.h"
#include "handover/giver.h"
#include "handover/taker.h"
#include "ports/engine.h"
#include "store/sqlite_store.h"
#include "systemd.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hearth {

// Where containers' lines go: to our files, until they are another's.
class LogRelay final : public ports::LogSink {
 public:
  explicit LogRelay(ports::LogSink& files) : files_(files) {}
  void line(const ports::LogLine& line) override;
  void forward(std::function<void(const ports::LogLine&)> to);

 private:
  ports::LogSink& files_;
  std::mutex mutex_;
  std::function<void(const ports::LogLine&)> to_;
};

// A hearthd that has let go in our favour, and what it said before we serve.
struct Predecessor {
  handover::Taker taker;
  Sockets sockets = {};
  std::map<domain::ReplicaId, std::string> known = {};  // replicas that were written down before it let go
  std::set<domain::ReplicaId> used = {};                // by calls that it still serves
  std::set<domain::FunctionName> functions = {};        // of those
  std::vector<handover::Message> heard = {};            // to be looked at once we serve
};
// Takes over from the hearthd that runs; nothing where none does. Throws domain::Error where that cannot be, and the
// one that runs serves on where it had not let go.
std::optional<Predecessor> take_over(const Config& config);

// What is sent to a successor, by whatever still runs here; nobody hears it once this side has ended.
class Outbox {
 public:
  void open(handover::Giver* giver);
  void close() { open(nullptr); }
  void send(handover::Message message);

 private:
  std::mutex mutex_;
  handover::Giver* giver_ = nullptr;
};

class Succession {
 public:
  struct Parts {
    store::SqliteStore& store;
    ports::LogSink& files;
    LogRelay& logs;
    ports::Engine& engine;
    control::Dispatcher& dispatcher;
    control::Service& service;
    control::Metering& metering;
    control::KeepRecords& keep_records;
    control::DurableCalls& durable_calls;
    gateway::Gateway& gateway;
    api::Api& api;
  };
  enum class Turn : std::uint8_t {
    done,  // another one serves, and no call is left here
    lost,  // the one that was to follow is gone, and nobody takes new calls
  };

  // `tell` comes from threads of its own.
  Succession(const Config& config, Parts parts, std::function<void(Turn)> tell);
  ~Succession();  // says farewell to both sides

  // Once functions are loaded and before anything starts: the replicas that nobody uses.
  void adopt(const Predecessor& before);
  // Once we serve: what the predecessor gives as its calls end; then offer().
  void follow(Predecessor before);
  // Waits for a successor. To be called before stop.
  void offer();
  bool has_let_go() const { return let_go_; }

 private:
  void hear(handover::Message message);
  void add_usage(const handover::Message& message);
  void adopt(const std::map<domain::ReplicaId, std::string>& replicas);
  void adopt_rest(const std::stop_token& stop);
  void adopt_released(const std::stop_token& stop);
  void let_go();
  void part_with_calls();
  void drain(const std::stop_token& stop);
  void settle(bool& what);
  http::Server::Give pass_on(std::string server);

  const Config& config_;
  Parts parts_;
  std::function<void(Turn)> tell_;
  std::optional<Predecessor> before_;
  std::atomic<bool> let_go_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<domain::ReplicaId, std::string>> released_;  // by the predecessor, to be adopted
  bool predecessor_gone_ = false;
  bool drained_ = false;
  bool served_ = false;
  const std::shared_ptr<Outbox> outbox_ = std::make_shared<Outbox>();  // outlives us, with the parts that use it
  std::unique_ptr<handover::Giver> giver_;
  std::jthread drainer_;
  std::jthread adopter_;
  std::jthread listener_;
};

}  // namespace hearth
