// `fn`: reads the words, runs the command, turns its errors into one line and an exit code.
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"

#include <csignal>
#include <exception>

namespace hearth::cli {
namespace {

constexpr int kUsage = 2;

int exit_code_of(const domain::Fault& fault, const Interrupt& interrupt, const Terminal& terminal) {
  if (fault.code != domain::Code::cancelled) {
    terminal.fail(fault);
    return domain::exit_code(fault);
  }
  // Whoever interrupted us, or closed what we write to, knows.
  return 128 + (interrupt.signal() != 0 ? interrupt.signal() : SIGPIPE);
}

int run(const std::vector<std::string>& words) {
  const Interrupt interrupt;
  const Terminal terminal(Terminal::look(asked_format(words)));
  try {
    const auto arguments = read_arguments(words);
    if (!arguments.help.empty()) {
      terminal.print(arguments.help);
      return 0;
    }
    if (arguments.usage) {
      terminal.fail(*arguments.usage);
      return kUsage;
    }
    const auto& invocation = *arguments.invocation;
    return invocation.run({.terminal = terminal,
                           .stop = interrupt.token(),
                           .space = invocation.space,
                           .api = invocation.api,
                           .api_given = invocation.api_given,
                           .said_here = invocation.said_here,
                           .controller = invocation.controller,
                           .token_file = invocation.token_file,
                           .ca_file = invocation.ca_file});
  } catch (const domain::Error& error) {
    return exit_code_of(error.fault(), interrupt, terminal);
  } catch (const std::exception& error) {
    return exit_code_of({.message = std::string("fn met what it did not expect: ") + error.what()}, interrupt,
                        terminal);
  }
}

}  // namespace
}  // namespace hearth::cli

int main(int count, char** words) { return hearth::cli::run({words + 1, words + count}); }
