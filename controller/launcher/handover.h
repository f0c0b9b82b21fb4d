// What hearthd hands to a cell: a JSON object on one line. Pure, and without an allocation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearth::launcher {

struct Variable {
  const char* name;
  const char* value;
};

// Points into the line that it was read from.
struct Handover {
  static constexpr std::size_t kMostVariables = 4096;

  Variable variables[kMostVariables];
  std::size_t variable_count = 0;
  const char* folder = nullptr;
  std::uint64_t package = 0;  // bytes of a tar that follow the line
};

// Reads [begin, end) in place, which is written over. False where that is no handover: no such object, a member that is
// not known, a name or a value that no environment can hold.
bool read_handover(char* begin, char* end, Handover& handover);

}  // namespace hearth::launcher
