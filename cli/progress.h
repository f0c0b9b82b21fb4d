// One line on a terminal that says what is being done, with a spinner that turns while it lasts; nothing elsewhere.
// Its methods belong to one thread; a thread of its own turns the spinner.
#pragma once

#include "cli/terminal.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace hearth::cli {

class Progress {
 public:
  // `terminal` outlives it.
  Progress(const Terminal& terminal, std::string text);
  ~Progress();  // takes the line away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What is being done now; only the first line of it, as far as it fits.
  void show(std::string_view text);
  // A line that stays, above the spinner; on standard error even where no terminal is.
  void note(std::string_view text);

 private:
  void turn(std::stop_token stop);
  void draw();  // with mutex_ held

  const Terminal& terminal_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string text_;
  unsigned frame_ = 0;
  std::jthread ticker_;
};

}  // namespace hearth::cli
