// Cells: containers of a runtime that stand ready and serve nothing yet. What may be started in one, and how many of
// them there should be. Pure.
#pragma once

#include "domain/function.h"
#include "domain/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::domain {

// What a cell is made with, before anybody knows whose it will be. Memory, CPU and processes are changed at the
// handover; /tmp cannot be.
inline constexpr Limits kCellLimits{};

// The decided table of what each setting does in a cell (docs/reference/cells.md); why a replica of `spec` is started
// from its image instead, in words for its author. Nothing: a cell will do.
//   memory, cpu, pids               written to the control groups before the function's code runs
//   env                             given in the handover, but for what a process reads once, as it starts
//   concurrency, timeout, handler   given in the handover
//   network.egress                  cells of both kinds
//   the package                     bound read-only to /function, or streamed there
//   tmp                             only as large as a cell's is
//   network.attach, container_runtime, debug, image, build   not in a cell
std::optional<std::string> obstacle_to_cells(const FunctionSpec& spec);

// What a cell that its package is streamed to has room for.
inline constexpr Bytes kLargestStreamed = mebibytes(64);

// The same of a package that is streamed and takes `room` there: it is the function's own memory from then on.
std::optional<std::string> obstacle_to_streaming(Bytes room, const Limits& limits);

// What a replica was started from. Of one that a cell would have done for, why it was none.
enum class StartedFrom : std::uint8_t {
  untold,
  cell,
  image,
  image_for_no_cell,     // none stood ready
  image_for_no_package,  // its copy for cells was not there in time
  image_for_lost_cells,  // each that was taken ended before it had become the replica
};
// "cell", "image: no cell stood ready"; without commas or quotes, to stand in a header. Empty: untold.
std::string_view to_string(StartedFrom from);

struct CellBounds {
  std::uint32_t min = 1;  // ready while any function could use them
  std::uint32_t max = 8;  // 0: no cells at all
  bool operator==(const CellBounds&) const = default;
};

// What is told of the cells of one runtime.
struct CellCount {
  std::string runtime;
  std::uint32_t ready = 0;
  std::uint64_t made = 0;    // since hearthd started
  std::uint64_t taken = 0;   // by a replica
  std::uint64_t missed = 0;  // replicas that found none
};

// How many cells of one kind should stand ready: what was wanted lately, for as long as it takes to make some more.
class CellDemand {
 public:
  static constexpr Duration kMemory = std::chrono::seconds{30};  // how fast old demand fades
  static constexpr Duration kAhead = std::chrono::seconds{10};   // for how long they should last

  void wanted(Time now);  // a replica started that one of them was, or would have been, good for
  std::uint32_t ready(const CellBounds& bounds, Time now) const;

 private:
  double fading(Time now) const;

  double recent_ = 0;  // starts, each worth less as it grows old
  Time at_{};
};

}  // namespace hearth::domain
