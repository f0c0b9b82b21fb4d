#include "telemetry/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hearth::telemetry {
namespace {

using domain::DurableCallStats;
using domain::Ending;
using domain::FunctionStats;
using domain::Histogram;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Prometheus has base units: 2^30 of them are a GB-second.
double byte_seconds(domain::MemoryTime time) { return static_cast<double>(time.kib_ms) * 1.024; }
double seconds(domain::Duration duration) { return std::chrono::duration<double>(duration).count(); }

template <class Stats>
Labels labels_of(const Stats& stats) {
  return {{"namespace", stats.function.space}, {"function", stats.function.name}};
}
Labels with(Labels labels, const char* name, std::string_view value) {
  labels.push_back({name, std::string(value)});
  return labels;
}

// One metric, to which values are added.
class Family {
 public:
  Family(const char* name, const char* help, MetricType type) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }

  void add(Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
  }
  void add(Labels labels, const Histogram& from) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = from.count;
    metric.histogram.sample_sum = seconds(from.sum);
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      up_to += from.buckets[i];
      metric.histogram.bucket.push_back({up_to, seconds(Histogram::kBounds[i])});
    }
    family_.metric.push_back(std::move(metric));
  }
  // A phase that never was has no series: most functions are not called most of the time.
  void add_if_any(Labels labels, const Histogram& from) {
    if (from.count > 0) add(std::move(labels), from);
  }
  MetricFamily take() && { return std::move(family_); }

 private:
  MetricFamily family_;
};

std::string_view status_class(Ending ending) {
  switch (ending) {
    case Ending::succeeded: return "2xx";
    case Ending::redirected: return "3xx";
    case Ending::rejected:
    case Ending::left:
    case Ending::bad_request:
    case Ending::refused_by_limit: return "4xx";
    case Ending::failed:
    case Ending::died:
    case Ending::timed_out:
    case Ending::refused_by_gateway:
    case Ending::refused_by_engine:
    case Ending::refused_by_function: break;
  }
  return "5xx";
}

struct Error {
  Ending ending;
  const char* reason;
  const char* layer;
};
constexpr std::array kErrors{Error{Ending::failed, "failed", "function"},
                             Error{Ending::died, "died", "function"},
                             Error{Ending::timed_out, "timed_out", "function"},
                             Error{Ending::refused_by_limit, "refused", "limit"},
                             Error{Ending::refused_by_gateway, "refused", "gateway"},
                             Error{Ending::refused_by_engine, "refused", "engine"},
                             Error{Ending::refused_by_function, "refused", "function"}};

// What one number of a function is told of.
struct OfFunction {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const FunctionStats&);
};
constexpr std::array kOfFunctions{
    OfFunction{"hearth_calls_in_flight", "Calls that a replica works on.", MetricType::Gauge,
               [](const FunctionStats& stats) { return static_cast<double>(stats.in_flight); }},
    OfFunction{"hearth_calls_held", "Calls that wait for a free replica.", MetricType::Gauge,
               [](const FunctionStats& stats) { return static_cast<double>(stats.held); }},
    OfFunction{"hearth_cold_starts_total", "Replicas that were started and listened.", MetricType::Counter,
               [](const FunctionStats& stats) { return static_cast<double>(stats.usage.cold_starts); }},
    OfFunction{"hearth_failed_starts_total", "Replicas that could not be started.", MetricType::Counter,
               [](const FunctionStats& stats) { return static_cast<double>(stats.usage.failed_starts); }},
};

// Of a function's durable calls.
struct OfDurableCalls {
  const char* name;
  const char* help;
  double (*value)(const DurableCallStats&, domain::WallTime now);
};
constexpr std::array kOfDurableCalls{
    OfDurableCalls{"hearth_durable_calls_queued", "Durable calls that have not ended.",
                   [](const DurableCallStats& stats, domain::WallTime) { return static_cast<double>(stats.queued); }},
    OfDurableCalls{"hearth_durable_calls_running", "Durable calls of which an attempt runs.",
                   [](const DurableCallStats& stats, domain::WallTime) { return static_cast<double>(stats.running); }},
    OfDurableCalls{"hearth_durable_calls_late_seconds",
                   "How long the durable call that is first has been due without running; 0 where none is due.",
                   [](const DurableCallStats& stats, domain::WallTime now) {
                     const auto late = stats.first_due ? now - *stats.first_due : domain::WallTime::duration{0};
                     return std::max(0.0, seconds(late));
                   }},
};

// Of the containers that stand ready for cold starts.
struct OfCells {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const domain::CellCount&);
};
constexpr std::array kOfCells{
    OfCells{"hearth_cells_ready", "Cells that wait for a function.", MetricType::Gauge,
            [](const domain::CellCount& count) { return static_cast<double>(count.ready); }},
    OfCells{"hearth_cells_made_total", "Cells that were started.", MetricType::Counter,
            [](const domain::CellCount& count) { return static_cast<double>(count.made); }},
    OfCells{"hearth_cells_taken_total", "Replicas that started in one.", MetricType::Counter,
            [](const domain::CellCount& count) { return static_cast<double>(count.taken); }},
    OfCells{"hearth_cells_missed_total", "Replicas that found none ready and started from their image.",
            MetricType::Counter, [](const domain::CellCount& count) { return static_cast<double>(count.missed); }},
};

// And of the process, by the names that Prometheus' own clients give them.
struct OfProcess {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const ProcessFacts&);
};
constexpr std::array kOfProcess{
    OfProcess{"process_cpu_seconds_total", "Processor time, user and system.", MetricType::Counter,
              [](const ProcessFacts& facts) { return facts.cpu_seconds; }},
    OfProcess{"process_start_time_seconds", "When the process started, since 1970.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return facts.started_at; }},
    OfProcess{"process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return static_cast<double>(facts.resident_bytes); }},
    OfProcess{"process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return static_cast<double>(facts.virtual_bytes); }},
    OfProcess{"process_open_fds", "Open file descriptors.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return static_cast<double>(facts.open_descriptors); }},
    OfProcess{"process_max_fds", "File descriptors that may be open.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return static_cast<double>(facts.most_descriptors); }},
    OfProcess{"process_threads", "Threads.", MetricType::Gauge,
              [](const ProcessFacts& facts) { return static_cast<double>(facts.threads); }},
};

class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const Snapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> families;
    families.push_back(calls());
    families.push_back(errors());
    families.push_back(call_times());
    families.push_back(replicas());
    families.push_back(start_times());
    families.push_back(busy_memory());
    families.push_back(kept_memory());
    for (const auto& row : kOfFunctions) {
      families.push_back(of_functions(row.name, row.help, row.type, [&](Family& family, const FunctionStats& stats) {
        family.add(labels_of(stats), row.value(stats));
      }));
    }
    for (const auto& row : kOfDurableCalls) {
      Family family{row.name, row.help, MetricType::Gauge};
      for (const auto& stats : snapshot_.durable_calls) family.add(labels_of(stats), row.value(stats, snapshot_.now));
      families.push_back(std::move(family).take());
    }
    families.push_back(durable_attempts());
    families.push_back(single("hearth_call_store_commits_total", "Transactions of the store of calls, each synced.",
                              MetricType::Counter, static_cast<double>(snapshot_.call_store_commits)));
    families.push_back(single("hearth_call_store_changes_total", "Changes that were made by them.", MetricType::Counter,
                              static_cast<double>(snapshot_.call_store_changes)));
    families.push_back(builds());
    for (const auto& row : kOfCells) {
      Family family{row.name, row.help, row.type};
      for (const auto& count : snapshot_.cells) family.add({{"runtime", count.runtime}}, row.value(count));
      families.push_back(std::move(family).take());
    }
    families.push_back(single("hearth_parked_networks", "Networks that stand ready for starts by image.",
                              MetricType::Gauge, static_cast<double>(snapshot_.parked_networks)));
    families.push_back(single("hearth_engine_reachable", "1 while the engine answers.", MetricType::Gauge,
                              snapshot_.engine_reachable ? 1 : 0));
    families.push_back(single("hearth_build_info", "The running hearthd, always 1.", MetricType::Gauge, 1,
                              {{"version", snapshot_.version}}));
    families.push_back(single("hearth_usage_write_failures_total",
                              "Times that usage could not be written to the store.", MetricType::Counter,
                              static_cast<double>(snapshot_.failed_usage_writes)));
    for (const auto& row : kOfProcess) {
      families.push_back(single(row.name, row.help, row.type, row.value(snapshot_.process)));
    }
    return families;
  }

 private:
  template <class Each>
  MetricFamily of_functions(const char* name, const char* help, MetricType type, Each&& each) const {
    Family family(name, help, type);
    for (const auto& stats : snapshot_.functions) each(family, stats);
    return std::move(family).take();
  }
  static MetricFamily single(const char* name, const char* help, MetricType type, double value, Labels labels = {}) {
    Family family(name, help, type);
    family.add(std::move(labels), value);
    return std::move(family).take();
  }

  MetricFamily calls() const {
    return of_functions("hearth_calls_total", "Calls that ended, by the class of the status they were answered with.",
                        MetricType::Counter, [](Family& family, const FunctionStats& stats) {
                          for (const std::string_view status : {"2xx", "3xx", "4xx", "5xx"}) {
                            std::uint64_t count = 0;
                            for (std::size_t i = 0; i < domain::kEndings; ++i) {
                              if (status_class(static_cast<Ending>(i)) == status) count += stats.usage.calls[i];
                            }
                            family.add(with(labels_of(stats), "status_class", status), static_cast<double>(count));
                          }
                        });
  }
  MetricFamily errors() const {
    return of_functions("hearth_call_errors_total",
                        "Calls that failed for another reason than their client, by reason and layer at fault.",
                        MetricType::Counter, [](Family& family, const FunctionStats& stats) {
                          for (const auto& error : kErrors) {
                            auto labels = with(labels_of(stats), "reason", error.reason);
                            family.add(with(std::move(labels), "layer", error.layer),
                                       static_cast<double>(stats.usage.of(error.ending)));
                          }
                        });
  }
  MetricFamily call_times() const {
    return of_functions("hearth_call_duration_seconds",
                        "Time of calls: held until a replica was free, exec from then until the answer was passed on.",
                        MetricType::Histogram, [](Family& family, const FunctionStats& stats) {
                          family.add_if_any(with(labels_of(stats), "phase", "exec"), stats.durations.exec);
                          family.add_if_any(with(labels_of(stats), "phase", "held"), stats.durations.held);
                        });
  }
  MetricFamily start_times() const {
    return of_functions("hearth_cold_start_duration_seconds",
                        "Time of cold starts: create of the container, init from then until it listened.",
                        MetricType::Histogram, [](Family& family, const FunctionStats& stats) {
                          family.add_if_any(with(labels_of(stats), "phase", "create"), stats.durations.create);
                          family.add_if_any(with(labels_of(stats), "phase", "init"), stats.durations.init);
                        });
  }
  MetricFamily replicas() const {
    using domain::State;
    return of_functions(
        "hearth_replicas", "Replicas by state.", MetricType::Gauge, [](Family& family, const FunctionStats& stats) {
          for (const auto state : {State::initializing, State::warm, State::executing, State::error}) {
            family.add(with(labels_of(stats), "state", name(state)), stats.replicas[static_cast<std::size_t>(state)]);
          }
        });
  }
  MetricFamily busy_memory() const {
    return of_functions(
        "hearth_usage_byte_seconds_total", "Memory limit times time that replicas were busy, or initializing.",
        MetricType::Counter, [](Family& family, const FunctionStats& stats) {
          family.add(with(labels_of(stats), "kind", "busy"), byte_seconds(stats.usage.busy));
          family.add(with(labels_of(stats), "kind", "initializing"), byte_seconds(stats.usage.initializing));
        });
  }
  MetricFamily kept_memory() const {
    return of_functions("hearth_operator_byte_seconds_total",
                        "Memory limit times time that replicas were kept without a call, idle or frozen.",
                        MetricType::Counter, [](Family& family, const FunctionStats& stats) {
                          family.add(with(labels_of(stats), "kind", "idle"), byte_seconds(stats.usage.idle));
                          family.add(with(labels_of(stats), "kind", "frozen"), byte_seconds(stats.usage.frozen));
                        });
  }
  MetricFamily durable_attempts() const {
    Family family("hearth_durable_call_attempts_total",
                  "Attempts of durable calls by how they ended; not_asked: the function could not be reached.",
                  MetricType::Counter);
    for (const auto& stats : snapshot_.durable_calls) {
      for (std::size_t i = 0; i < domain::kAttemptEndings; ++i) {
        const auto ending = static_cast<domain::AttemptEnding>(i);
        family.add(with(labels_of(stats), "ending", name(ending)), static_cast<double>(stats.attempts[i]));
      }
    }
    return std::move(family).take();
  }
  MetricFamily builds() const {
    Family family("hearth_build_duration_seconds", "Time from a deploy until its revision was ready, or had failed.",
                  MetricType::Histogram);
    family.add({{"result", "ready"}}, snapshot_.built);
    family.add({{"result", "failed"}}, snapshot_.failed_builds);
    return std::move(family).take();
  }

  const Snapshot& snapshot_;
};

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  return prometheus::TextSerializer{}.Serialize(Collector{snapshot}.Collect());
}

}  // namespace hearth::telemetry
