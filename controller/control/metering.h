// Writes down what functions took: every second, what came since the last, in one go. A kill loses at most that
// second; while nothing lives and nothing is called, nothing is written.
#pragma once

#include "control/dispatcher.h"
#include "control/periodic.h"
#include "control/usage_records.h"
#include "domain/usage.h"
#include "ports/clock.h"
#include "ports/store.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hearth::control {

class Metering {
 public:
  struct Settings {
    std::chrono::days keep{400};  // days that are over for longer are forgotten
    // Hears why usage cannot be written, once, and nothing when it can again.
    std::function<void(const std::optional<domain::Fault>&)> report = {};
  };

  // What is passed outlives it.
  Metering(ports::Store& store, Dispatcher& dispatcher, const ports::Clock& clock, Settings settings);
  ~Metering();  // writes what is left

  // Settles every second from now on, on a thread of its own.
  void start();
  // Takes what was used and writes it; what cannot be written is kept for the next time. Any thread; blocks on the
  // disk.
  void settle();

  // What is taken from here on goes to another hearthd, which writes it; what was taken before is written first.
  using HandOn = std::function<void(domain::Day, const domain::FunctionName&, const domain::Usage&)>;
  void hand_on(HandOn to);
  // What another one took, to be written with ours.
  void add(domain::Day day, const domain::FunctionName& function, const domain::Usage& usage);

  // Any thread; throws domain::Error.
  struct Query {
    std::string space;
    std::string function = {};                                      // all of the namespace where it is empty
    std::optional<domain::Day> from = {};                           // 30 days up to `to` where it is absent
    std::optional<domain::Day> to = {};                             // today where it is absent
    std::optional<std::pair<domain::Day, std::string>> after = {};  // what the page before ended with
    std::size_t limit = 100;
  };
  std::vector<domain::DayUsage> usage(const Query& query) const;

  std::vector<domain::FunctionStats> stats() const { return dispatcher_.stats(); }
  std::uint64_t failed_writes() const { return failed_writes_; }

 private:
  domain::Time next() const;
  void take();
  void write();
  void forget_old_days();

  Dispatcher& dispatcher_;
  const ports::Clock& clock_;
  const Settings settings_;

  std::mutex mutex_;  // of what follows, held while it is written
  UsageRecords records_;
  UsageRecords::Batch pending_;
  domain::WallTime taken_at_;
  std::optional<domain::Day> cleaned_;  // when old days were last looked for
  bool failing_ = false;
  HandOn hand_on_;
  std::atomic<std::uint64_t> failed_writes_{0};

  std::optional<Periodic> thread_;
};

}  // namespace hearth::control
