#include "cli/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>

namespace hearth::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";  // another page, no cursor, long lines are cut
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace

Screen::Screen(const Terminal& terminal) : terminal_(terminal) {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) == 0) {
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ISIG stays: Ctrl-C is a signal
    // Ctrl-Z and Ctrl-\ would leave the terminal as it is now.
    now.c_cc[VSUSP] = now.c_cc[VQUIT] = _POSIX_VDISABLE;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  terminal_.print(kEnter);
}

Screen::~Screen() {
  try {
    terminal_.print(kLeave);
  } catch (const domain::Error&) {  // whoever looked has left
  }
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

Size Screen::size() {
  winsize now{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0 || now.ws_row == 0) return {};
  return {.columns = now.ws_col, .rows = now.ws_row};
}

void Screen::draw(const std::string& text) {
  drawn_ = size();
  std::string page = "\x1b[H";
  for (const char c : cut_to(text, drawn_.rows)) {
    if (c == '\n') page += "\x1b[K\r";  // what stood further right goes
    page += c;
  }
  terminal_.print(page + "\x1b[J");
}

char Screen::wait(std::chrono::milliseconds patience, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kSlice{100};  // a size has no event of its own
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < end && size() == drawn_) {
    pollfd input{.fd = before_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, static_cast<int>(kSlice.count())) <= 0) continue;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) == 1) return key;
    before_.reset();  // its other end is gone
  }
  return 0;
}

std::string cut_to(const std::string& text, std::size_t rows) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (lines < rows) return text;  // the cursor stands below the last one
  const std::size_t kept = rows > 2 ? rows - 2 : 0;
  std::size_t end = 0;
  for (std::size_t line = 0; line < kept; ++line) end = text.find('\n', end) + 1;
  return text.substr(0, end) + "… " + std::to_string(lines - kept) + " more\n";
}

}  // namespace hearth::cli
