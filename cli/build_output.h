// A build's output as it streams in: cut into lines, the last ones kept for the case that it fails. Pure; one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace hearth::cli {

class BuildOutput {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  // A carriage return ends a line too: progress bars of package managers draw over themselves with it.
  void write(std::string_view text, const OnLine& on_line);
  std::string last_lines() const;

 private:
  static constexpr std::size_t kKept = 30;
  static constexpr std::size_t kLongest = 4096;  // of a kept line

  void keep(std::string line);

  std::string rest_;
  std::deque<std::string> lines_;
};

}  // namespace hearth::cli
