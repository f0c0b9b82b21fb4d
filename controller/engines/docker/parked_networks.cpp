#include "engines/docker/parked_networks.h"

#include "engines/docker/parked_codec.h"
#include "telemetry/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace hearth::docker {

using domain::Error;
using domain::ReplicaId;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

// How long the making of one waits for starts to be over: in a storm of starts it would only slow them down, and
// replicas that take long to load are no reason to wait for ever.
constexpr auto kPatience = 1s;
constexpr domain::BackoffSettings kTrouble{.first = 500ms, .most = 30s};

// Numbers grow across restarts: the name of one that a hearthd before left behind is not met again.
std::uint64_t first_number() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

bool is_among(const std::vector<ParkedNetwork>& networks, const std::string& holder) {
  return std::ranges::find(networks, holder, &ParkedNetwork::container) != networks.end();
}

}  // namespace

ParkedNetworks::ParkedNetworks(Api& api, Containers& containers, Networks& networks, const Installation& installation,
                               Settings settings)
    : containers_(containers),
      networks_(networks),
      installation_(installation),
      image_(api),
      last_number_(first_number()),
      trouble_(kTrouble) {
  const ParkedTarget target{settings.min, settings.max};
  for (const auto kind : {NetworkKind::open, NetworkKind::closed}) kinds_.emplace(kind, Kind{.target = target});
  if (settings.max > 0) thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

ParkedNetworks::~ParkedNetworks() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (auto& [kind, one] : kinds_) one.functions = 0;
  shed();
  try {
    for (const auto& holder : leaving_) containers_.remove(holder);
  } catch (const Error&) {  // the next hearthd finds what is left, and that nobody knows it
  }
}

// --- what starts see ---

void ParkedNetworks::expect(const domain::FunctionName& function, NetworkKind kind) {
  const std::lock_guard lock{mutex_};
  if (const auto known = functions_.find(function); known != functions_.end()) {
    --kinds_.at(known->second).functions;
    functions_.erase(known);
  }
  if (kind != NetworkKind::none) {
    functions_.emplace(function, kind);
    ++kinds_.at(kind).functions;
  }
  stir();
}

std::optional<ParkedNetwork> ParkedNetworks::take(NetworkKind kind, ReplicaId replica) {
  if (kind == NetworkKind::none) return std::nullopt;
  const std::lock_guard lock{mutex_};
  auto& [target, ready, functions] = kinds_.at(kind);
  stir();
  if (ready.empty()) {
    target.missed(Clock::now());
    return std::nullopt;
  }
  auto network = std::move(ready.front());
  ready.erase(ready.begin());
  target.taken(ready.size(), Clock::now());
  joined_[replica] = {.holder = network.container};
  return network;
}

void ParkedNetworks::rejoin(ReplicaId replica, const std::string& holder) {
  const std::lock_guard lock{mutex_};
  joined_[replica] = {.holder = holder};
}

void ParkedNetworks::remove(ReplicaId replica, const std::stop_token& stop) {
  std::string holder;
  {
    const std::lock_guard lock{mutex_};
    const auto found = joined_.find(replica);
    if (found == joined_.end()) return;
    found->second.leaving = true;
    holder = found->second.holder;
  }
  containers_.remove(holder, stop);
  release(replica);
}

void ParkedNetworks::release(ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  joined_.erase(replica);
}

std::optional<std::string> ParkedNetworks::holder_of(ReplicaId replica) const {
  const std::lock_guard lock{mutex_};
  const auto found = joined_.find(replica);
  return found == joined_.end() ? std::nullopt : std::optional{found->second.holder};
}

std::size_t ParkedNetworks::ready() const {
  const std::lock_guard lock{mutex_};
  std::size_t count = 0;
  for (const auto& [kind, one] : kinds_) count += one.ready.size();
  return count;
}

ParkedNetworks::Start::Start(ParkedNetworks& networks) : networks_(networks) {
  const std::lock_guard lock{networks_.mutex_};
  ++networks_.starts_;
}

ParkedNetworks::Start::~Start() {
  const std::lock_guard lock{networks_.mutex_};
  --networks_.starts_;
  networks_.changed_.notify_all();
}

// --- what becomes of them ---

bool ParkedNetworks::knows(const Container& container) const {
  const std::lock_guard lock{mutex_};
  const auto joins = [&](const auto& one) { return one.second.holder == container.id; };
  const auto leaves = [&](const std::string& holder) { return holder == container.id || holder == container.name; };
  return container.name == making_ || std::ranges::any_of(leaving_, leaves) ||
         std::ranges::any_of(kinds_, [&](const auto& one) { return is_among(one.second.ready, container.id); }) ||
         std::ranges::any_of(joined_, joins);
}

std::optional<ReplicaId> ParkedNetworks::ended(const std::string& container) {
  const std::lock_guard lock{mutex_};
  for (auto& [kind, one] : kinds_) {
    if (std::erase_if(one.ready, [&](const ParkedNetwork& network) { return network.container == container; }) == 0) {
      continue;
    }
    leaving_.push_back(container);
    stir();
    return std::nullopt;
  }
  for (const auto& [replica, joined] : joined_) {
    if (joined.holder == container && !joined.leaving) return replica;
  }
  return std::nullopt;
}

void ParkedNetworks::doubt() {
  const std::lock_guard lock{mutex_};
  doubted_ = true;
  trouble_.succeeded();
  stir();
}

// --- the thread ---

void ParkedNetworks::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    if (!trouble_.waiting(now) && step(lock, stop)) continue;
    const auto stirred = [this] { return std::exchange(stirred_, false); };
    if (const auto until = next_change(now)) {
      changed_.wait_until(lock, stop, *until, stirred);
    } else {
      changed_.wait(lock, stop, stirred);
    }
  }
}

void ParkedNetworks::stir() {
  stirred_ = true;
  changed_.notify_all();
}

// One thing that is to be done; false where there is none.
bool ParkedNetworks::step(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  for (auto& [kind, one] : kinds_) one.target.tick(Clock::now());
  shed();
  try {
    if (doubted_) {
      look(lock);
    } else if (!leaving_.empty()) {
      clear_away(lock, stop);
    } else if (lacking()) {
      let_starts_pass(lock, stop);
      if (const auto kind = lacking(); kind && !stop.stop_requested()) make(lock, *kind);
    } else {
      return false;
    }
    trouble_.succeeded();
  } catch (const Error& error) {
    if (!lock.owns_lock()) lock.lock();
    if (trouble_.failures() == 0)
      telemetry::log::warn("networks cannot be parked; starts by image go on without",
                           {{"why", error.fault().message}});
    trouble_.failed(Clock::now());
  }
  return true;
}

// Those above what is wanted.
void ParkedNetworks::shed() {
  for (auto& [kind, one] : kinds_) {
    while (one.ready.size() > one.wanted()) {
      leaving_.push_back(std::move(one.ready.back().container));
      one.ready.pop_back();
    }
  }
}

std::optional<NetworkKind> ParkedNetworks::lacking() const {
  for (const auto& [kind, one] : kinds_) {
    if (one.ready.size() < one.wanted()) return kind;
  }
  return std::nullopt;
}

std::optional<domain::Time> ParkedNetworks::next_change(domain::Time now) const {
  if (trouble_.waiting(now)) return trouble_.retry_at();
  std::optional<domain::Time> next;
  for (const auto& [kind, one] : kinds_) {
    const auto change = one.target.next();
    if (change && (!next || *change < *next)) next = change;
  }
  return next;
}

// Docker's list is of a moment before: one that was parked since is not in it, so only those that were are judged.
void ParkedNetworks::look(std::unique_lock<std::mutex>& lock) {
  std::set<std::string> judged;
  for (const auto& [kind, one] : kinds_) {
    for (const auto& network : one.ready) judged.insert(network.container);
  }
  doubted_ = false;
  if (judged.empty()) return;
  lock.unlock();
  std::set<std::string> standing;
  try {
    for (const auto& container : containers_.list(installation_)) {
      if (container.running) standing.insert(container.id);
    }
  } catch (const Error&) {
    lock.lock();
    doubted_ = true;
    throw;
  }
  lock.lock();
  for (auto& [kind, one] : kinds_) {
    std::erase_if(one.ready, [&](const ParkedNetwork& network) {
      if (!judged.contains(network.container) || standing.contains(network.container)) return false;
      leaving_.push_back(network.container);
      return true;
    });
  }
}

void ParkedNetworks::clear_away(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto holder = leaving_.front();
  lock.unlock();
  containers_.remove(holder, stop);
  lock.lock();
  std::erase(leaving_, holder);
}

void ParkedNetworks::let_starts_pass(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  changed_.wait_for(lock, stop, kPatience, [this] { return starts_ == 0; });
}

void ParkedNetworks::make(std::unique_lock<std::mutex>& lock, NetworkKind kind) {
  const auto name = parked_name(installation_, ++last_number_);
  making_ = name;
  lock.unlock();
  try {
    auto network = park(name, kind);
    lock.lock();
    kinds_.at(kind).ready.push_back(std::move(network));
    making_.clear();
  } catch (const Error&) {
    image_.doubt();
    networks_.doubt();
    lock.lock();
    leaving_.push_back(name);
    making_.clear();
    throw;
  }
}

ParkedNetwork ParkedNetworks::park(const std::string& name, NetworkKind kind) {
  networks_.ensure(kind);
  const auto id = containers_.create(name, parked_body(installation_, name, image_.ensure(), kind).dump());
  containers_.start(id);
  const auto holder = containers_.inspect(id);
  const auto network = network_name(installation_, kind);
  if (!holder || !holder->running || !holder->addresses.contains(network)) {
    throw Error(domain::Code::unavailable, domain::Layer::engine, "a parked network's container ended at once");
  }
  return {.container = id, .address = holder->addresses.at(network)};
}

}  // namespace hearth::docker
