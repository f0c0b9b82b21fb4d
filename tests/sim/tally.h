// What a simulation came to, added up over the worlds that it was run in.
#pragma once

#include "domain/time.h"

#include <cstdint>
#include <vector>

namespace hearth::sim {

struct Outcome {
  std::uint64_t calls = 0;
  std::uint64_t cold = 0;  // calls that waited for a start
  std::uint64_t starts = 0;
  std::uint64_t evicted = 0;
  std::uint64_t unserved = 0;  // still held at the end
  double idle_gb_seconds = 0;  // replicas' memory × the time that they idled: what keeping warm costs
  double busy_gb_seconds = 0;
  double most_gb = 0;                 // of all replicas at once
  double cold_of_three_quarters = 0;  // the cold ratio that 75 % of the functions stay at or below, as in the paper
  std::uint64_t violations = 0;       // busy replicas chosen to go, or more memory than there is; never
  double cpu_seconds = 0;             // that the run took

  double cold_ratio() const { return calls == 0 ? 0 : static_cast<double>(cold) / static_cast<double>(calls); }
};

// The most memory that was held within each second.
class Peaks {
 public:
  explicit Peaks(domain::Duration length);
  void level(domain::Time at, std::uint64_t bytes);  // from then on; in order of time
  void add(Peaks& other);                            // which has come to its end
  double most_gb();

 private:
  void carry(std::size_t up_to);

  std::vector<std::uint64_t> most_;
  std::size_t second_ = 0;  // up to here they are known
  std::uint64_t bytes_ = 0;
};

struct Tally {
  explicit Tally(domain::Duration length) : memory(length) {}
  Outcome sum;                      // without what only the whole of it tells
  std::vector<double> cold_ratios;  // of functions that were called
  Peaks memory;

  Outcome outcome();
};

}  // namespace hearth::sim
