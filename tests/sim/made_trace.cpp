#include "sim/made_trace.h"

#include "sim/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace hearth::sim {
namespace {

using namespace std::chrono_literals;
using domain::Bytes;
using domain::Duration;
using domain::Time;

constexpr double kDay = 86'400;

// How the times between a function's calls vary: of their coefficient of variation.
enum class Rhythm : std::uint8_t {
  timer,   // 0: a fifth of them
  human,   // below 1: as regular as a day allows
  random,  // 1
  bursty,  // above: two fifths
};

struct Shape {
  float interval = 60;  // the mean, in seconds
  float phase = 0;      // of a timer, as a share of its interval
  float variation = 1;
  float took = 1;  // the typical call, in seconds
  Rhythm rhythm = Rhythm::random;
};

// Figure 5 of the paper: 45 % of the applications are called at most once an hour on average, 81 % at most once a
// minute. A lognormal distribution through both points.
double calls_a_day(Random& random) { return std::pow(10, 1.603 + 1.772 * random.normal()); }

// Timers run at whole intervals.
float whole_interval(double interval) {
  constexpr std::array<float, 10> kUsual{60, 300, 600, 900, 1'800, 3'600, 10'800, 21'600, 43'200, 86'400};
  const auto near = [&](float usual) { return std::abs(std::log(usual / interval)); };
  return *std::ranges::min_element(kUsual, {}, near);
}

Shape shape_of(Random& random, double hottest) {
  Shape shape;
  const auto interval = std::max(hottest, kDay / calls_a_day(random));
  shape.interval = static_cast<float>(interval);
  shape.phase = static_cast<float>(random.uniform());
  // Figure 7: run times, lognormal in seconds; what runs longer than ten minutes is cut off there too.
  shape.took = static_cast<float>(std::min(600.0, random.lognormal(-0.38, 2.36)));
  // Figure 6, as read off its curves.
  const auto kind = random.uniform();
  if (kind <= 0.20) {
    shape.rhythm = Rhythm::timer;
    shape.variation = 0;
    shape.interval = whole_interval(interval);
  } else if (kind <= 0.40) {
    shape.rhythm = Rhythm::human;
    shape.variation = static_cast<float>(0.1 + 0.5 * random.uniform());
  } else if (kind <= 0.60) {
    shape.rhythm = Rhythm::random;
  } else {
    shape.rhythm = Rhythm::bursty;
    shape.variation = static_cast<float>(1.5 * std::pow(7, random.uniform()));
  }
  return shape;
}

// The load of the hours of a day around its mean.
double load_at(double second) {
  static const auto kHours = [] {
    std::array<double, 24> hours{};
    for (std::size_t i = 0; i < hours.size(); ++i) {
      hours[i] = 1 + 0.4 * std::sin(6.283185307179586 * (static_cast<double>(i) - 8) / 24);
    }
    return hours;
  }();
  return kHours[static_cast<std::size_t>(std::fmod(second, kDay) / 3'600) % 24];
}

// Two exponential distributions whose mixture has this mean and variation: bursts, and the long times between.
double burst_interval(Random& random, double mean, double variation) {
  const auto square = variation * variation;
  const auto share = 0.5 * (1 + std::sqrt((square - 1) / (square + 1)));
  const bool within = random.uniform() <= share;
  return random.exponential(mean / (2 * (within ? share : 1 - share)));
}

class MadeCalls final : public Calls {
 public:
  MadeCalls(const std::vector<Shape>& shapes, std::uint64_t seed) : shapes_(shapes) {
    for (std::size_t i = 0; i < shapes.size(); ++i) functions_.push_back({Random{seed + 0x10001 * (i + 1)}, -1});
  }
  std::optional<Call> next(std::uint32_t function) override {
    const auto& shape = shapes_[function];
    auto& [random, second] = functions_[function];
    const auto took = shape.took * random.lognormal(0, 0.3);
    if (shape.rhythm == Rhythm::timer) {
      // Within a second of its time.
      second = second < 0 ? shape.phase * shape.interval : second + shape.interval;
      return Call{Time{seconds(second + random.uniform())}, seconds(took)};
    }
    // The first one comes at any time of its interval.
    second = second < 0 ? shape.interval * shape.phase : second + interval(random, shape) / load_at(second);
    return Call{Time{seconds(second)}, seconds(took)};
  }

 private:
  static double interval(Random& random, const Shape& shape) {
    if (shape.rhythm == Rhythm::random) return random.exponential(shape.interval);
    if (shape.rhythm == Rhythm::bursty) return burst_interval(random, shape.interval, shape.variation);
    return shape.interval * std::max(0.01, 1 + shape.variation * random.normal());
  }

  struct State {
    Random random;
    double second;
  };
  const std::vector<Shape>& shapes_;
  std::vector<State> functions_;
};

class MadeTrace final : public Trace {
 public:
  explicit MadeTrace(const MadeSettings& settings) : settings_(settings) {
    Random random{settings.seed};
    const auto hottest = std::chrono::duration<double>(settings.hottest).count();
    for (std::uint32_t i = 0; i < settings.functions; ++i) {
      shapes_.push_back(shape_of(random, hottest));
      // Figure 8: what an application has allocated, in MB.
      const auto mebibytes = std::clamp(random.burr(11.652, 0.221, 107.083), 16.0, 1'536.0);
      memory_.push_back(domain::mebibytes(static_cast<std::uint64_t>(mebibytes)));
    }
  }
  const std::vector<Bytes>& functions() const override { return memory_; }
  Duration length() const override { return settings_.length; }
  std::unique_ptr<Calls> calls() const override { return std::make_unique<MadeCalls>(shapes_, settings_.seed); }
  std::string words() const override {
    return std::to_string(settings_.functions) + " functions made to what was published of Azure Functions, seed " +
           std::to_string(settings_.seed);
  }

 private:
  MadeSettings settings_;
  std::vector<Shape> shapes_;
  std::vector<Bytes> memory_;
};

class ZipfCalls final : public Calls {
 public:
  ZipfCalls(const ZipfSettings& settings, const std::vector<double>& intervals)
      : settings_(settings), intervals_(intervals) {
    for (std::size_t i = 0; i < intervals.size(); ++i)
      functions_.push_back({Random{settings.seed + 7919 * (i + 1)}, 0});
  }
  std::optional<Call> next(std::uint32_t function) override {
    auto& [random, second] = functions_[function];
    second += random.exponential(intervals_[function]);
    return Call{Time{seconds(second)}, settings_.took};
  }

 private:
  struct State {
    Random random;
    double second;
  };
  const ZipfSettings& settings_;
  const std::vector<double>& intervals_;
  std::vector<State> functions_;
};

class ZipfTrace final : public Trace {
 public:
  explicit ZipfTrace(const ZipfSettings& settings) : settings_(settings) {
    double sum = 0;
    for (std::uint32_t rank = 1; rank <= settings.functions; ++rank) sum += std::pow(rank, -settings.exponent);
    for (std::uint32_t rank = 1; rank <= settings.functions; ++rank) {
      intervals_.push_back(sum / (std::pow(rank, -settings.exponent) * settings.calls_per_second));
      memory_.push_back(settings.memory);
    }
  }
  const std::vector<Bytes>& functions() const override { return memory_; }
  Duration length() const override { return settings_.length; }
  std::unique_ptr<Calls> calls() const override { return std::make_unique<ZipfCalls>(settings_, intervals_); }
  std::string words() const override {
    return std::to_string(settings_.functions) + " equal functions called by Zipf's law";
  }

 private:
  ZipfSettings settings_;
  std::vector<double> intervals_;
  std::vector<Bytes> memory_;
};

}  // namespace

std::unique_ptr<Trace> make_trace(const MadeSettings& settings) { return std::make_unique<MadeTrace>(settings); }
std::unique_ptr<Trace> make_zipf_trace(const ZipfSettings& settings) { return std::make_unique<ZipfTrace>(settings); }

}  // namespace hearth::sim
