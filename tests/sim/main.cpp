// hearth_sim: replays a trace through the scheduler's own code; ./dev sim runs it and makes pictures of what it says.
#include "sim/azure_trace.h"
#include "sim/made_trace.h"
#include "sim/plot.h"
#include "sim/study.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace hearth::sim {
namespace {

using namespace std::chrono_literals;

struct Options {
  MadeSettings made;
  std::vector<std::filesystem::path> traces;
  std::filesystem::path plots;
  WorldSettings world;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
};

constexpr std::string_view kUsage =
    "usage: hearth_sim [--functions N] [--hours N] [--seed N] [--start MS] [--jobs N] [--plots FOLDER] [--trace FILE "
    "…]\n"
    "  --trace FILE   of Azure Functions 2019 (a file a day, in order) or 2021; else one is made by the seed\n"
    "  --start MS     what a start takes (250)\n";

std::uint64_t count_of(std::string_view flag, std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > most) {
    throw std::invalid_argument(std::string(flag) + " takes a whole number from 1 to " + std::to_string(most));
  }
  return value;
}

Options read_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view flag = words[i];
    if (++i == count) throw std::invalid_argument(std::string(flag) + " takes a value, or is not known");
    const std::string_view value = words[i];
    if (flag == "--functions") {
      options.made.functions = static_cast<std::uint32_t>(count_of(flag, value, 10'000'000));
    } else if (flag == "--hours") {
      options.made.length = std::chrono::hours{count_of(flag, value, 24 * 60)};
    } else if (flag == "--seed") {
      options.made.seed = count_of(flag, value, ~0ull);
    } else if (flag == "--start") {
      options.world.start = std::chrono::milliseconds{count_of(flag, value, 600'000)};
    } else if (flag == "--jobs") {
      options.jobs = static_cast<unsigned>(count_of(flag, value, 256));
    } else if (flag == "--plots") {
      options.plots = value;
    } else if (flag == "--trace") {
      options.traces.emplace_back(value);
    } else {
      throw std::invalid_argument("there is no " + std::string(flag));
    }
  }
  return options;
}

double gb_hours(double gb_seconds) { return gb_seconds / 3'600; }

void print_keep_alive(const std::vector<Run>& runs) {
  std::printf("\n%-28s %9s %12s %12s %14s %14s\n", "keep-alive", "cold", "of 3 in 4 ≤", "starts", "idle GB h",
              "× the oracle");
  for (const auto& [policy, outcome] : runs) {
    const auto oracle = oracle_at(runs, outcome.idle_gb_seconds);
    const auto ratio = oracle && *oracle > 0 ? outcome.cold_ratio() / *oracle : 0;
    std::printf("%-28s %8.4f%% %10.2f%% %12llu %14.1f ", policy.name.c_str(), 100 * outcome.cold_ratio(),
                100 * outcome.cold_of_three_quarters, static_cast<unsigned long long>(outcome.starts),
                gb_hours(outcome.idle_gb_seconds));
    ratio > 0 ? std::printf("%14.2f\n", ratio) : std::printf("%14s\n", "-");
  }
}

void print_eviction(const std::vector<Run>& runs) {
  std::printf("\n%-28s %10s %9s %12s %12s %14s\n", "memory is short", "memory GB", "cold", "starts", "evicted",
              "× the oracle");
  double oracle = 0;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->policy.eviction == Eviction::foreseen) oracle = run->outcome.cold_ratio();
  }
  for (const auto& [policy, outcome] : runs) {
    for (const auto& other : runs) {
      const bool same = other.policy.memory == policy.memory && other.policy.eviction == Eviction::foreseen;
      if (same) oracle = other.outcome.cold_ratio();
    }
    std::printf("%-28s %10.1f %8.4f%% %12llu %12llu %14.2f\n", policy.name.c_str(),
                static_cast<double>(policy.memory->count) / static_cast<double>(1ull << 30), 100 * outcome.cold_ratio(),
                static_cast<unsigned long long>(outcome.starts), static_cast<unsigned long long>(outcome.evicted),
                oracle > 0 ? outcome.cold_ratio() / oracle : 0);
  }
}

void check(const std::vector<Run>& runs) {
  for (const auto& [policy, outcome] : runs) {
    if (outcome.violations > 0) throw std::runtime_error(policy.name + " broke a rule");
  }
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  if (!out.flush()) throw std::runtime_error(file.string() + ": it cannot be written");
}

void plot_keep_alive(const std::vector<Run>& runs, const std::filesystem::path& folder) {
  Plot plot{
      .title = "Cold calls against the memory that keeps replicas warm",
      .x_axis = "idle replicas, GB hours",
      .y_axis = "cold calls, %",
      .series = {{"fixed idle_timeout", "#d1495b", {}}, {"auto and hybrid", "#00798c", {}}, {"oracle", "#555555", {}}}};
  for (const auto& [policy, outcome] : runs) {
    const auto label = policy.name.substr(policy.name.find(',') + 2);
    const bool oracle = std::holds_alternative<Oracle>(policy.keeps);
    plot.series[policy.keeps.index()].points.push_back({gb_hours(outcome.idle_gb_seconds), 100 * outcome.cold_ratio(),
                                                        oracle ? "" : label.substr(0, label.find(" at"))});
  }
  write(folder / "keep-alive.svg", svg_of(plot));
}

void plot_eviction(const std::vector<Run>& runs, const std::filesystem::path& folder) {
  const std::vector<std::string> colours{"#edae49", "#00798c", "#d1495b", "#555555"};
  Plot plot{.title = "Cold calls where memory is short",
            .x_axis = "memory for all replicas, GB",
            .y_axis = "cold calls, %",
            .series = {}};
  for (const auto& [policy, outcome] : runs) {
    auto known = std::ranges::find(plot.series, policy.name, &Series::name);
    if (known == plot.series.end()) {
      plot.series.push_back({policy.name, colours[plot.series.size() % colours.size()], {}});
      known = plot.series.end() - 1;
    }
    known->points.push_back(
        {static_cast<double>(policy.memory->count) / static_cast<double>(1ull << 30), 100 * outcome.cold_ratio()});
  }
  write(folder / "memory.svg", svg_of(plot));
}

int run(const Options& options) {
  const auto trace = options.traces.empty() ? make_trace(options.made) : read_azure_trace(options.traces);
  const auto seconds = std::chrono::duration<double>(trace->length()).count();
  std::printf("%s, %.1f hours\n", trace->words().c_str(), seconds / 3'600);
  const auto kept = run_all(*trace, keep_alive_policies(), options.world, options.jobs);
  check(kept);
  print_keep_alive(kept);
  double slowest = 0;
  double most_gb = 0;
  for (const auto& [policy, outcome] : kept) {
    slowest = std::max(slowest, outcome.cpu_seconds);
    most_gb = std::max(most_gb, outcome.most_gb);
  }
  std::printf("%llu calls; the slowest run took %.1f s of a core: %.0f × real time\n",
              static_cast<unsigned long long>(kept.front().outcome.calls), slowest, seconds / slowest);

  // Of fewer functions: with memory so short a call in a few asks them all.
  auto fewer = options.made;
  fewer.functions = std::min(fewer.functions, 1'000u);
  const auto small = options.traces.empty() ? make_trace(fewer) : nullptr;
  const auto& pressed = small ? *small : *trace;
  if (small) most_gb *= static_cast<double>(fewer.functions) / static_cast<double>(options.made.functions);
  std::vector<Policy> short_of_memory;
  for (const double share : {1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2}) {
    const auto bytes = std::max(2.0 * (1ull << 30), share * most_gb * static_cast<double>(1ull << 30));
    const auto more = eviction_policies({static_cast<std::uint64_t>(bytes)});
    short_of_memory.insert(short_of_memory.end(), more.begin(), more.end());
  }
  const auto evicted = run_all(pressed, short_of_memory, options.world, options.jobs);
  check(evicted);
  print_eviction(evicted);

  const ZipfSettings zipf;
  const auto equal = make_zipf_trace(zipf);
  const auto fifty = run_all(*equal, eviction_policies({50 * zipf.memory.count}), options.world, options.jobs);
  check(fifty);
  std::printf("\n%s (exponent %.1f, %.0f a second of %lld ms each), memory for 50:", equal->words().c_str(),
              zipf.exponent, zipf.calls_per_second, static_cast<long long>(zipf.took / 1ms));
  print_eviction(fifty);

  if (options.plots.empty()) return 0;
  std::filesystem::create_directories(options.plots);
  plot_keep_alive(kept, options.plots);
  plot_eviction(evicted, options.plots);
  return 0;
}

}  // namespace
}  // namespace hearth::sim

int main(int count, char** words) {
  try {
    return hearth::sim::run(hearth::sim::read_options(count, words));
  } catch (const std::invalid_argument& wrong) {
    std::fprintf(stderr, "hearth_sim: %s\n%s", wrong.what(), hearth::sim::kUsage.data());
    return 2;
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "hearth_sim: %s\n", wrong.what());
    return 1;
  }
}
