#include "engines/docker/cells.h"

#include "telemetry/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

namespace hearth::docker {

using domain::ReplicaId;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace log = telemetry::log;

namespace {

constexpr std::size_t kMakers = 2;  // a start takes about as much of a core as it takes time
constexpr auto kStartTimeout = 60s;
constexpr auto kFades = 1s;  // how often it is looked whether demand has
constexpr auto kIdle = 3600s;
// A cell in the making takes the machine from the function that just took one: it comes after its first answer.
constexpr auto kRest = 300ms;
constexpr auto kLongestRest = 2s;  // however many more are taken meanwhile

// Told apart from replicas' by their first digits, and from an earlier hearthd's by chance.
ReplicaId first_id() {
  std::random_device random;
  return 0xce11'0000'0000'0000 | (std::uint64_t{random()} << 16);
}

}  // namespace

Cells::Cells(domain::CellBounds bounds, PackageWay way, ports::Host& host, Containers& containers, Networks& networks,
             std::function<Surroundings()> surroundings)
    : bounds_(bounds),
      way_(way),
      host_(host),
      containers_(containers),
      networks_(networks),
      surroundings_(std::move(surroundings)),
      last_id_(first_id()) {
  for (std::size_t i = 0; i < kMakers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
}

Cells::~Cells() { end(); }

void Cells::expect(const CellKind& kind, const CellRecipe& recipe, std::size_t functions) {
  const std::lock_guard lock{mutex_};
  auto& pool = pools_[kind];
  pool.recipe = recipe;
  pool.functions = functions;
  pool.count.runtime = recipe.runtime;
  tell();
}

std::optional<Cell> Cells::take(const CellKind& kind) {
  const std::lock_guard lock{mutex_};
  const auto found = pools_.find(kind);
  if (found == pools_.end() || ended_) return std::nullopt;
  auto& pool = found->second;
  const auto now = Clock::now();
  pool.demand.wanted(now);
  if (now >= rests_until_) rested_at_ = now;
  rests_until_ = std::min<domain::Time>(now + kRest, rested_at_ + kLongestRest);
  tell();
  while (!pool.ready.empty()) {
    Cell cell = std::move(pool.ready.front());
    pool.ready.pop_front();
    if (cell.link.quiet()) {
      ++pool.count.taken;
      return cell;
    }
    tasks_.emplace_back([this, id = cell.id, container = cell.container] { discard(id, container); });
  }
  ++pool.count.missed;
  return std::nullopt;
}

bool Cells::knows(const std::string& container) const {
  const std::lock_guard lock{mutex_};
  if (std::ranges::any_of(making_, [&](const auto& one) { return one.second.contains(container); })) return true;
  return std::ranges::any_of(pools_, [&](const auto& entry) {
    return std::ranges::find(entry.second.ready, container, &Cell::container) != entry.second.ready.end();
  });
}

void Cells::doubt() {
  const std::lock_guard lock{mutex_};
  for (auto& [kind, pool] : pools_) {
    std::erase_if(pool.ready, [&](const Cell& cell) {
      if (cell.link.quiet()) return false;
      tasks_.emplace_back([this, id = cell.id, container = cell.container] { discard(id, container); });
      return true;
    });
  }
  tell();
}

void Cells::later(Task task) {
  const std::lock_guard lock{mutex_};
  if (ended_) return;
  tasks_.push_back(std::move(task));
  tell();
}

std::vector<domain::CellCount> Cells::counts() const {
  std::map<std::string, domain::CellCount> by_runtime;
  const std::lock_guard lock{mutex_};
  for (const auto& [kind, pool] : pools_) {
    auto& sum = by_runtime[pool.recipe.runtime];
    sum.runtime = pool.recipe.runtime;
    sum.ready += static_cast<std::uint32_t>(pool.ready.size());
    sum.made += pool.count.made;
    sum.taken += pool.count.taken;
    sum.missed += pool.count.missed;
  }
  std::vector<domain::CellCount> counts;
  for (auto& [runtime, count] : by_runtime) counts.push_back(std::move(count));
  return counts;
}

void Cells::end() {
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true)) return;
    for (auto& thread : threads_) thread.request_stop();
  }
  threads_.clear();  // what they were making is gone again
  for (auto& [kind, pool] : pools_) {
    for (const auto& cell : pool.ready) discard(cell.id, cell.container);
    pool.ready.clear();
  }
  for (const auto& task : std::exchange(tasks_, {})) task();
}

void Cells::tell() {
  ++news_;
  changed_.notify_all();
}

void Cells::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    auto look = Clock::now() + kIdle;
    const auto task = next(stop, look);
    if (!task) {
      const auto seen = news_;
      changed_.wait_until(lock, stop, look, [&] { return news_ != seen; });
      continue;
    }
    lock.unlock();
    try {
      task();
    } catch (const std::exception& error) {
      log::debug("work on a cell failed", {{"reason", error.what()}});
    }
    lock.lock();
  }
}

std::uint32_t Cells::wanted(const Pool& pool, domain::Time now) const {
  return pool.functions == 0 ? 0 : pool.demand.ready(bounds_, now);
}

// Replicas first: what is done for one that serves comes before a cell that may.
Cells::Task Cells::next(const std::stop_token& stop, domain::Time& look) {
  if (!tasks_.empty()) {
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }
  const auto now = Clock::now();
  for (auto& [kind, pool] : pools_) {
    const auto target = wanted(pool, now);
    if (pool.ready.size() > target) {
      const Cell cell = std::move(pool.ready.back());
      pool.ready.pop_back();
      return [this, id = cell.id, container = cell.container] { discard(id, container); };
    }
    if (target > std::min(bounds_.min, bounds_.max)) look = std::min<domain::Time>(look, now + kFades);
    if (pool.ready.size() + pool.making >= target) continue;
    const auto begin = std::max(rests_until_, pool.failures.retry_at());
    if (now < begin) {
      look = std::min(look, begin);
      continue;
    }
    ++pool.making;
    return [this, kind = kind, recipe = pool.recipe, stop] { make(kind, recipe, stop); };
  }
  return {};
}

void Cells::make(const CellKind& kind, const CellRecipe& recipe, const std::stop_token& stop) {
  std::optional<Cell> cell;
  std::string why;
  std::unique_lock lock{mutex_};
  const auto id = ++last_id_;
  making_[id];
  lock.unlock();
  try {
    cell = bring_up(id, kind, recipe, stop);
  } catch (const std::exception& error) {
    why = error.what();
  }
  lock.lock();
  making_.erase(id);
  auto& pool = pools_.at(kind);
  --pool.making;
  if (cell) {
    pool.failures.succeeded();
    ++pool.count.made;
    pool.ready.push_back(std::move(*cell));
  } else if (!stop.stop_requested()) {
    pool.failures.failed(Clock::now());
    log::warn("a cell does not start", {{"runtime", recipe.runtime}, {"reason", why}});
  }
}

Cell Cells::bring_up(ReplicaId id, const CellKind& kind, const CellRecipe& recipe, const std::stop_token& stop) {
  auto around = surroundings_();
  std::string container = container_name(around.installation, spec_of_cell(id, kind));  // until it has an id
  const auto keep = [&] {
    const std::lock_guard lock{mutex_};
    making_[id].insert(container);
  };
  keep();
  try {
    networks_.ensure(kind.network);
    const auto user = user_of_cell(id);
    around.socket_folder = host_.make_socket_folder(id, user);
    CellFolders folders;
    if (way_ == PackageWay::bound) folders.package = host_.make_package_folder(id);
    container = containers_.create(container, cell_body(id, kind, recipe.command, user, folders, around).dump());
    keep();
    Record record;
    record.container = container;
    record.idle = true;
    host_.remember(id, write_record(record));
    containers_.start(container);
    auto connection = host_.await_cell(id, container, kStartTimeout, stop);
    if (!connection) throw domain::Error(domain::Code::timeout, domain::Layer::engine, "it takes no handover");
    return Cell{.id = id, .container = container, .link = CellLink{std::move(connection)}};
  } catch (const domain::Error& error) {
    if (error.fault().layer == domain::Layer::engine) networks_.doubt();
    discard(id, container);
    throw;
  }
}

// Where Docker refuses it stays, unknown to us: the next look at all containers removes it.
void Cells::discard(ReplicaId id, const std::string& container) noexcept {
  try {
    containers_.remove(container);
    host_.forget(id);
  } catch (const domain::Error& error) {
    log::warn("a cell stays behind", {{"container", container}, {"reason", error.what()}});
  }
}

}  // namespace hearth::docker
