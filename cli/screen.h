// The whole terminal for a while: its own page, no cursor, keys at once. As it was before once this is gone. One
// thread.
#pragma once

#include "cli/terminal.h"

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>

namespace hearth::cli {

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const Size&) const = default;
};

class Screen {
 public:
  // `terminal` outlives it, and its standard output is one.
  explicit Screen(const Terminal& terminal);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // In place of what stood there; what does not fit is cut.
  void draw(const std::string& text);
  // Until a key, another size, the time is over, or `stop`; the key, 0 for none.
  char wait(std::chrono::milliseconds patience, const std::stop_token& stop);

 private:
  static Size size();

  const Terminal& terminal_;
  std::optional<termios> before_;  // standard input's, where it is a terminal
  Size drawn_;
};

// `text` in at most `rows` lines; the last one says how many are left out.
std::string cut_to(const std::string& text, std::size_t rows);

}  // namespace hearth::cli
