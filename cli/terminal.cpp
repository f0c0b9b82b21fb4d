#include "cli/terminal.h"

#include "cli/paths.h"
#include "cli/problem.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

// 0, or the errno that stopped it.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string painted(bool colours, Style style, std::string_view text) {
  const char* codes[] = {"", "2", "1", "31", "32", "33", "36"};
  if (!colours || style == Style::plain || text.empty()) return std::string(text);
  return std::string("\x1b[") + codes[static_cast<int>(style)] + "m" + std::string(text) + "\x1b[0m";
}

// The length of a colour sequence (ESC [ digits and ; m) at the front of `text`; 0 where there is none.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

// Of the terminal, else of COLUMNS, else 80.
std::size_t look_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const auto told = environment("COLUMNS");
  const auto number = told ? std::atoi(told->c_str()) : 0;
  return number > 0 ? static_cast<std::size_t>(number) : 80;
}

// setlocale(3): the first of these that is set decides.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto locale = environment(name);
    if (!locale) continue;
    return locale->find("UTF-8") != std::string::npos || locale->find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

std::string without_controls(std::string_view text) {
  std::string tame;
  tame.reserve(text.size());
  while (!text.empty()) {
    const auto colour = colour_length(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (colour > 0) {
      tame += text.substr(0, colour);
    } else if (c >= 0x20 ? c != 0x7f : (c == '\t' || c == '\n')) {
      tame += text.front();
    }
    text.remove_prefix(colour > 0 ? colour : 1);
  }
  return tame;
}

Terminal::Settings Terminal::look(Format format) {
  const auto plain = environment("NO_COLOR");
  const auto kind = environment("TERM");
  return {.format = format,
          .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
          .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
          .colours = (!plain || plain->empty()) && kind != "dumb",
          .columns = look_columns(),
          .utf8 = locale_is_utf8()};
}

void Terminal::print(std::string_view text) const {
  const int reason = write_all(settings_.out, text);
  if (reason == EPIPE) throw Error(Code::cancelled, Layer::client, "whoever read the output has left");
  if (reason != 0) {
    throw Error(Code::internal, Layer::client, std::string("the output cannot be written: ") + std::strerror(reason));
  }
}

void Terminal::say(std::string_view text) const { (void)write_all(settings_.err, text); }

void Terminal::note(std::string_view text) const {
  if (!json()) say(std::string(text) + "\n");
}

void Terminal::fail(const domain::Fault& fault) const {
  if (json()) return say(written_in_stream(nlohmann::json::parse(problem_document(fault)), settings_.format));
  std::string text = paint_error(Style::red, "error:") + " " + without_controls(fault.message) + "\n";
  if (!fault.detail.empty()) {
    std::string_view rest = fault.detail;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      text += "  " + without_controls(rest.substr(0, end)) + "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (!fault.hint.empty()) text += paint_error(Style::cyan, "hint:") + " " + without_controls(fault.hint) + "\n";
  say(text);
}

std::string Terminal::paint(Style style, std::string_view text) const {
  return painted(settings_.colours && settings_.out_is_terminal && !json(), style, text);
}

std::string Terminal::paint_error(Style style, std::string_view text) const {
  return painted(settings_.colours && settings_.err_is_terminal, style, text);
}

std::string Terminal::tame(std::string_view text) const {
  return settings_.out_is_terminal ? without_controls(text) : std::string(text);
}

}  // namespace hearth::cli
