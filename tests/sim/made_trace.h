// Traces made by a fixed seed. The first follows what was published of Azure Functions ("Serverless in the Wild", ATC
// 2020): popularity, regularity, run times, memory. The second is the plain case of a cache: equal functions, Zipf.
#pragma once

#include "sim/trace.h"

namespace hearth::sim {

struct MadeSettings {
  std::uint32_t functions = 10'000;
  domain::Duration length = std::chrono::hours{24};
  std::uint64_t seed = 1;
  // No function is called more often than this, on average: what is called every ten seconds is never cold under any
  // policy, and the few that take nine tenths of all calls would take nine tenths of the time.
  domain::Duration hottest = std::chrono::seconds{10};
};
std::unique_ptr<Trace> make_trace(const MadeSettings& settings);

struct ZipfSettings {
  std::uint32_t functions = 200;
  domain::Bytes memory = domain::mebibytes(256);
  double exponent = 1.0;
  double calls_per_second = 20;
  domain::Duration took = std::chrono::milliseconds{20};
  domain::Duration length = std::chrono::hours{1};
  std::uint64_t seed = 1;
};
std::unique_ptr<Trace> make_zipf_trace(const ZipfSettings& settings);

}  // namespace hearth::sim
