// What the command line says: answers on standard output, everything else on standard error. Colours and progress only
// where a terminal is. One thread, but for progress(), which its own ticker draws too.
#pragma once

#include "cli/document.h"
#include "domain/error.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::cli {

enum class Style { plain, dim, bold, red, green, yellow, cyan };

class Terminal {
 public:
  struct Settings {
    Format format = Format::text;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool colours = true;  // what the user allows (NO_COLOR, https://no-color.org)
    int out = 1;          // descriptors, not owned
    int err = 2;
    std::size_t columns = 80;
    bool utf8 = false;  // whether the locale's characters are UTF-8's
  };
  explicit Terminal(Settings settings) : settings_(settings) {}

  // How standard output and error are now.
  static Settings look(Format format);

  bool json() const { return settings_.format != Format::text; }         // documents for programs, in JSON or YAML
  bool draws() const { return settings_.err_is_terminal && !json(); }    // progress on standard error
  bool redraws() const { return settings_.out_is_terminal && !json(); }  // a picture on standard output
  std::size_t columns() const { return settings_.columns; }
  bool utf8() const { return settings_.utf8; }
  bool out_is_terminal() const { return settings_.out_is_terminal; }

  // To standard output, whole. Throws `cancelled` when its reader has left, `internal` when it cannot be written.
  void print(std::string_view text) const;
  // A document to standard output, in the format that was asked for; each of a stream stands on a line of its own.
  void show(const nlohmann::json& document) const { print(written(document, settings_.format)); }
  void show_next(const nlohmann::json& document) const { print(written_in_stream(document, settings_.format)); }
  // To standard error, as it is; what cannot be written there is lost.
  void say(std::string_view text) const;
  // A line on standard error for a person; nothing where documents are asked for.
  void note(std::string_view text) const;
  // "error: …", the log and "hint: …", or the problem document where documents are asked for.
  void fail(const domain::Fault& fault) const;

  std::string paint(Style style, std::string_view text) const;        // for standard output
  std::string paint_error(Style style, std::string_view text) const;  // for standard error
  // `text` from a stranger: nothing in it but colours may steer a terminal.
  std::string tame(std::string_view text) const;

 private:
  Settings settings_;
};

// Without control characters but tab, newline and colours (ESC [ … m).
std::string without_controls(std::string_view text);

}  // namespace hearth::cli
