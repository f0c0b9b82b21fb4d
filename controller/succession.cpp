#include "succession.h"

#include "control/usage_codec.h"
#include "engines/docker/api.h"
#include "host/linux_host.h"
#include "runtimes.h"
#include "telemetry/log.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace hearth {

namespace log = telemetry::log;
using domain::ReplicaId;
using handover::Message;
using namespace std::chrono_literals;

namespace {

// Most calls end long before a replica could have started in place of the one that serves them.
constexpr auto kPatience = 500ms;
constexpr auto kBetweenTries = 2s;

std::filesystem::path socket_of(const Config& config) { return config.run_dir / "handover.sock"; }

std::vector<ports::Descriptor> owned(const std::vector<int>& descriptors) {
  std::vector<ports::Descriptor> all;
  for (const int fd : descriptors) all.emplace_back(fd);
  return all;
}

std::string words_of(const ports::LogLine& line) {
  return "line " + domain::format_replica(line.replica) + " " + line.function.space + " " + line.function.name + " " +
         std::to_string(line.time.time_since_epoch().count()) + (line.error_stream ? " stderr" : " stdout");
}

std::optional<ports::LogLine> read_line(const Message& message) {
  const auto replica = domain::parse_replica(message.word(1));
  if (!replica) return std::nullopt;
  std::int64_t time = 0;
  const auto text = message.word(4);
  std::from_chars(text.data(), text.data() + text.size(), time);
  return ports::LogLine{.replica = *replica,
                        .function = {.space = std::string(message.word(2)), .name = std::string(message.word(3))},
                        .time = domain::WallTime{std::chrono::milliseconds{time}},
                        .error_stream = message.word(5) == "stderr",
                        .text = message.bytes};
}

}  // namespace

void LogRelay::line(const ports::LogLine& line) {
  const std::scoped_lock lock{mutex_};
  to_ ? to_(line) : files_.line(line);
}

void LogRelay::forward(std::function<void(const ports::LogLine&)> to) {
  const std::scoped_lock lock{mutex_};
  to_ = std::move(to);
}

std::optional<Predecessor> take_over(const Config& config) {
  auto taker = handover::Taker::knock(socket_of(config));
  if (!taker) return std::nullopt;
  if (const auto who = supervisor_of(taker->peer()); !who.empty()) {
    throw domain::Error{domain::Code::conflict, domain::Layer::client,
                        "the hearthd that runs is kept by " + who + ", which would not keep the one that follows it",
                        who == "systemd" ? "systemctl restart hearthd loses no connection: systemd holds its sockets"
                                         : "start a container of the new image in its place"};
  }
  Predecessor before{.taker = std::move(*taker)};
  before.sockets = {.gateway = before.taker.take_gateway(), .api = before.taker.take_api()};
  // What would keep us from serving is better found while the other one still does.
  read_runtimes(config.templates);
  docker::Api(config.docker).about();
  for (const auto& [replica, record] : host::LinuxHost(config.run_dir, false).remembered()) before.known[replica] = "";
  before.taker.ready([&](Message message) {
    const auto replica = domain::parse_replica(message.word(1));
    // One that is released this early is adopted with the rest, its output from where the other one left it.
    if (message.word(0) == "released" && replica) before.known[*replica] = message.word(2);
    if (message.word(0) != "uses" || !replica) return before.heard.push_back(std::move(message));
    before.used.insert(*replica);
    before.functions.insert({.space = std::string(message.word(2)), .name = std::string(message.word(3))});
  });
  return before;
}

void Outbox::open(handover::Giver* giver) {
  const std::scoped_lock lock{mutex_};
  giver_ = giver;
}

void Outbox::send(Message message) {
  const std::scoped_lock lock{mutex_};
  if (giver_) giver_->send(std::move(message));
}

Succession::Succession(const Config& config, Parts parts, std::function<void(Turn)> tell)
    : config_(config), parts_(parts), tell_(std::move(tell)) {}

Succession::~Succession() {
  if (before_ && !let_go_) before_->taker.say("farewell");
  if (before_) before_->taker.shut_down();
  adopter_.request_stop();
  for (auto* thread : {&listener_, &adopter_}) {
    if (thread->joinable()) thread->join();
  }
  outbox_->close();
  giver_.reset();
}

// --- the one that follows ---

void Succession::adopt(const Predecessor& before) {
  parts_.dispatcher.expect(before.functions, std::chrono::steady_clock::now() + kPatience);
  auto replicas = before.known;
  for (const auto replica : before.used) replicas.erase(replica);
  adopt(replicas);
}

void Succession::adopt(const std::map<ReplicaId, std::string>& replicas) {
  for (const auto& found : parts_.engine.adopt(replicas)) parts_.dispatcher.adopt(found);
}

void Succession::follow(Predecessor before) {
  before_ = std::move(before);
  before_->taker.say("serving");
  adopter_ = std::jthread{[this](const std::stop_token& stop) { adopt_released(stop); }};
  listener_ = std::jthread{[this] {
    for (auto& message : before_->heard) hear(std::move(message));
    before_->taker.listen([this](Message message) { hear(std::move(message)); });
    const std::scoped_lock lock{mutex_};
    predecessor_gone_ = true;
    changed_.notify_all();
  }};
}

void Succession::hear(Message message) {
  const auto kind = message.word(0);
  if (kind == "connection" && message.descriptors.size() == 1) {
    http::Passed connection{.fd = message.descriptors[0].release(),
                            .peer = std::string(message.word(2)),
                            .begun = std::move(message.bytes)};
    if (message.word(1) == "gateway") return parts_.gateway.take(std::move(connection));
    return parts_.api.take(std::move(connection));
  }
  if (kind == "line") {
    if (const auto line = read_line(message)) parts_.logs.line(*line);
  }
  if (kind == "usage") return add_usage(message);
  const auto replica = domain::parse_replica(message.word(1));
  if (kind != "released" || !replica) return;
  const std::scoped_lock lock{mutex_};
  released_.emplace_back(*replica, message.word(2));
  changed_.notify_all();
}

void Succession::add_usage(const Message& message) {
  int day = 0;
  const auto text = message.word(1);
  std::from_chars(text.data(), text.data() + text.size(), day);
  const domain::FunctionName function{.space = std::string(message.word(2)), .name = std::string(message.word(3))};
  try {
    parts_.metering.add(domain::Day{std::chrono::days{day}}, function, control::decode_usage(message.bytes));
  } catch (const domain::Error& error) {
    log::error("what the hearthd before told of usage is not understood", {{"why", error.fault().message}});
  }
}

void Succession::adopt_released(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return predecessor_gone_ || !released_.empty(); })) {
    std::map<ReplicaId, std::string> replicas(released_.begin(), released_.end());
    released_.clear();
    const bool last = predecessor_gone_;
    if (stop.stop_requested()) return;
    lock.unlock();
    if (last) return adopt_rest(stop);
    try {
      adopt(replicas);
    } catch (const domain::Error& error) {  // adopt_rest() finds it again
      log::error("a replica of the hearthd before could not be taken over yet", {{"why", error.fault().message}});
    }
    lock.lock();
  }
}

// The other one is gone, in good order or not: whatever lives is ours, as soon as the engine tells of it.
void Succession::adopt_rest(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    lock.unlock();
    try {
      for (const auto& found : parts_.engine.recover()) parts_.dispatcher.adopt(found);
      parts_.durable_calls.others_ended();
      log::info("the hearthd before has ended", {});
      return offer();
    } catch (const domain::Error& error) {
      log::error("what the hearthd before left is not taken over yet", {{"why", error.fault().message}});
    }
    lock.lock();
    changed_.wait_for(lock, stop, kBetweenTries, [] { return false; });
  }
}

// --- the one that leaves ---

void Succession::offer() {
  giver_ = std::make_unique<handover::Giver>(
      handover::Giver::Settings{.path = socket_of(config_),
                                .gateway = owned(parts_.gateway.descriptors()),
                                .api = owned(parts_.api.descriptors()),
                                .let_go = [this] { let_go(); },
                                .served = [this] { settle(served_); },
                                .lost =
                                    [this] {
                                      log::warn("the hearthd that took over is gone", {});
                                      {
                                        const std::scoped_lock lock{mutex_};
                                        served_ = false;
                                      }
                                      tell_(Turn::lost);
                                    },
                                .left =
                                    [this] {
                                      log::info("the hearthd that took over has ended; nobody follows", {});
                                      settle(served_);
                                    }});
  outbox_->open(giver_.get());
  giver_->start();
}

void Succession::let_go() {
  giver_->forget_unsent();
  if (!let_go_.exchange(true)) part_with_calls();
  for (const auto& [function, replica] : parts_.dispatcher.replicas()) {
    outbox_->send({.words = "uses " + domain::format_replica(replica) + " " + function.space + " " + function.name});
  }
  outbox_->send({.words = "yours"});
}

// Changes first, so that what is given is what stays; then what brings calls; the store last of what is shared.
void Succession::part_with_calls() {
  log::info("another hearthd takes over", {});
  parts_.service.close();
  parts_.api.hand_over(pass_on("api"));
  parts_.durable_calls.stop();
  parts_.gateway.hand_over(pass_on("gateway"));
  parts_.logs.forward([outbox = outbox_](const ports::LogLine& line) {
    outbox->send({.words = words_of(line), .bytes = std::string(line.text)});
  });
  parts_.metering.hand_on(
      [outbox = outbox_](domain::Day day, const domain::FunctionName& function, const domain::Usage& usage) {
        outbox->send({.words = "usage " + std::to_string(day.time_since_epoch().count()) + " " + function.space + " " +
                               function.name,
                      .bytes = control::encode_usage(usage)});
      });
  parts_.keep_records.close();
  parts_.store.close();
  parts_.dispatcher.yield([outbox = outbox_, &engine = parts_.engine](ReplicaId replica) {
    const auto told = engine.release(replica);
    outbox->send({.words = "released " + domain::format_replica(replica) + " " + told});
  });
  drainer_ = std::jthread{[this](const std::stop_token& stop) { drain(stop); }};
}

http::Server::Give Succession::pass_on(std::string server) {
  return [outbox = outbox_, server = std::move(server)](http::Passed connection) {
    Message message{.words = "connection " + server + " " + connection.peer, .bytes = std::move(connection.begun)};
    message.descriptors.emplace_back(connection.fd);
    outbox->send(std::move(message));
  };
}

void Succession::drain(const std::stop_token& stop) {
  const auto end = std::chrono::steady_clock::now() + config_.replace_drain;
  const auto all_gone = [this](auto until) {
    return parts_.gateway.await_empty(until) && parts_.api.await_empty(until) && parts_.dispatcher.await_yielded(until);
  };
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < end) {
    if (all_gone(std::min(end, std::chrono::steady_clock::now() + 200ms))) break;
  }
  if (stop.stop_requested()) return;
  parts_.metering.settle();  // the last of its calls
  settle(drained_);
}

void Succession::settle(bool& what) {
  const std::scoped_lock lock{mutex_};
  what = true;
  if (drained_ && served_) tell_(Turn::done);
}

}  // namespace hearth
