// Calls a second, as `top` has it: from two looks at totals that only grow. Pure; one thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace hearth::cli {

struct Totals {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t cold_starts = 0;
};

// The `totals` of a function or a status of the API's.
Totals totals_of(const nlohmann::json& document);

// Each by the second.
struct Rate {
  double calls = 0;
  double errors = 0;
  double cold_starts = 0;
};

class Rates {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Look = std::map<std::string, Totals>;  // by function

  // Looks come in order of time, as often as one likes.
  void add(Look look, Time now);

  // Over the last second, or since the last look where that is longer ago. Nothing of what was looked at but once.
  // Totals that became less are those of a hearthd that started since, and all new.
  std::optional<Rate> of(const std::string& function) const;

 private:
  struct Taken {
    Time when;
    Look look;
  };
  std::deque<Taken> looks_;  // those of the last second, and the one before
};

// "0", "0.4", "12", "-" where nothing is known.
std::string rate_text(const std::optional<Rate>& rate, double Rate::*which);

}  // namespace hearth::cli
