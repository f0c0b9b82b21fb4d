// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hearth {

// Ends the program where what must hold does not: the fuzzer then keeps the input.
inline void must(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace hearth

namespace hearth::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Chooses by bytes taken off the input's end, so that what is fuzzed stands at its front, as in a file of its own.
class Choices {
 public:
  explicit Choices(std::string_view& input) : input_(input) {}
  std::size_t below(std::size_t limit) {
    if (input_.empty() || limit == 0) return 0;
    const auto last = static_cast<unsigned char>(input_.back());
    input_.remove_suffix(1);
    return last % limit;
  }

 private:
  std::string_view& input_;
};

}  // namespace hearth::fuzz
