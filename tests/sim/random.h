// Random numbers that are the same on every machine: the standard's distributions are not.
#pragma once

#include <cmath>
#include <cstdint>

namespace hearth::sim {

// SplitMix64: eight bytes of state, so that each of a hundred thousand functions has its own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto mixed = state_ += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }
  // Above 0, at most 1.
  double uniform() { return (static_cast<double>(next() >> 11) + 1) * 0x1p-53; }
  double exponential(double mean) { return -mean * std::log(uniform()); }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
  double lognormal(double mean_of_log, double sigma) { return std::exp(mean_of_log + sigma * normal()); }
  // Burr's distribution of type XII.
  double burr(double c, double k, double scale) { return scale * std::pow(std::pow(uniform(), -1 / k) - 1, 1 / c); }

 private:
  std::uint64_t state_;
};

}  // namespace hearth::sim
