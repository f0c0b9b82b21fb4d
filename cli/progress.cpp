#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <array>

namespace hearth::cli {
namespace {

constexpr std::string_view kClear = "\r\x1b[K";

std::size_t columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 8) return 80;
  return size.ws_col;
}

// Cut at a character's border: a continuing byte of UTF-8 is never the first one left out.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace

Progress::Progress(const Terminal& terminal, std::string text) : terminal_(terminal), text_(std::move(text)) {
  if (terminal_.draws()) ticker_ = std::jthread([this](std::stop_token stop) { turn(std::move(stop)); });
}

Progress::~Progress() {
  if (!ticker_.joinable()) return;
  ticker_.request_stop();
  ticker_.join();
  terminal_.say(kClear);
}

void Progress::show(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  text_ = without_controls(text.substr(0, text.find('\n')));
}

void Progress::note(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (ticker_.joinable()) terminal_.say(kClear);
  terminal_.note(text);
  if (ticker_.joinable()) draw();
}

void Progress::turn(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    draw();
    ++frame_;
    changed_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
  }
}

void Progress::draw() {
  constexpr std::array<std::string_view, 10> kFrames{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  const std::string spinner = terminal_.paint_error(Style::cyan, kFrames[frame_ % kFrames.size()]);
  std::string line(kClear);
  line += spinner + " ";
  line += cut(text_, columns() - 3);
  line += "\x1b[0m";  // a colour that the cut left open
  terminal_.say(line);
}

}  // namespace hearth::cli
