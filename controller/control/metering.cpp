#include "control/metering.h"

#include <algorithm>

namespace hearth::control {

using domain::Day;
using domain::DayUsage;
using domain::Fault;
using std::chrono::days;

namespace {

constexpr std::chrono::seconds kPeriod{1};

}  // namespace

Metering::Metering(ports::Store& store, Dispatcher& dispatcher, const ports::Clock& clock, Settings settings)
    : dispatcher_(dispatcher),
      clock_(clock),
      settings_(std::move(settings)),
      records_(store),
      taken_at_(clock.wall_now()) {}

Metering::~Metering() {
  thread_.reset();
  settle();
}

void Metering::start() {
  thread_.emplace(clock_, clock_.now(), [this] {
    settle();
    return next();
  });
}

// Also at midnight, so that a period belongs to one day.
domain::Time Metering::next() const {
  const auto wall = clock_.wall_now();
  const auto midnight = domain::day_of(wall) + days{1};
  return clock_.now() + std::min<domain::Duration>(kPeriod, midnight - wall);
}

void Metering::settle() {
  std::optional<Fault> fault;
  bool changed = false;
  {
    const std::scoped_lock lock{mutex_};
    take();
    try {
      write();
    } catch (const domain::Error& error) {
      fault = error.fault();
    } catch (const std::exception& error) {
      fault = Fault{.message = std::string{"usage could not be written: "} + error.what()};
    }
    if (fault) ++failed_writes_;
    changed = std::exchange(failing_, fault.has_value()) != fault.has_value();
  }
  if (changed && settings_.report) settings_.report(fault);
}

void Metering::take() {
  const auto day = domain::day_of(taken_at_);
  taken_at_ = clock_.wall_now();
  for (const auto& [function, usage] : dispatcher_.take_usage()) pending_[{day, function}] += usage;
}

void Metering::hand_on(HandOn to) {
  settle();
  const std::scoped_lock lock{mutex_};
  hand_on_ = std::move(to);
}

void Metering::add(domain::Day day, const domain::FunctionName& function, const domain::Usage& usage) {
  const std::scoped_lock lock{mutex_};
  pending_[{day, function}] += usage;
}

void Metering::write() {
  if (hand_on_) {
    for (const auto& [key, usage] : pending_) hand_on_(key.first, key.second, usage);
    return pending_.clear();
  }
  records_.add(pending_);
  pending_.clear();
  forget_old_days();
}

// Once a day is enough, and once at the start; what is a lot goes over many ticks, so that usage is written meanwhile.
void Metering::forget_old_days() {
  const auto today = domain::day_of(taken_at_);
  if (cleaned_ == today) return;
  if (records_.remove_before(today - settings_.keep)) cleaned_ = today;
}

std::vector<DayUsage> Metering::usage(const Query& query) const {
  const auto today = domain::day_of(clock_.wall_now());
  const auto to = std::min(query.to.value_or(today), today + days{1});
  const auto from = std::max(query.from.value_or(to - days{29}), today - settings_.keep);
  if (query.function.empty()) return records_.list(query.space, from, to, query.after, query.limit);
  std::vector<DayUsage> found;
  const auto first = query.after ? std::max(from, query.after->first + days{1}) : from;
  for (auto day = first; day <= to && found.size() < query.limit; day += days{1}) {
    const domain::FunctionName function{.space = query.space, .name = query.function};
    if (const auto usage = records_.find({day, function})) found.push_back({day, function, *usage});
  }
  return found;
}

}  // namespace hearth::control
