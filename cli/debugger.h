// The debuggers that `fn dev --debug` opens. Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hearth::cli {

// A language's own, as its tools know it.
struct Debugger {
  std::string_view runtime;
  std::uint16_t port;     // where its tools look for it
  std::string_view type;  // in an editor's launch.json
};

// Throws `invalid` with those that have one where `runtime` has none; it is empty for an image or a Dockerfile.
const Debugger& debugger_of(const std::string& runtime);

// A launch.json's configuration (as VS Code has it), on one line, that attaches to it at 127.0.0.1:PORT and knows
// `folder` as what the container has at /function.
std::string launch_configuration(const Debugger& debugger, std::uint16_t port, const std::filesystem::path& folder);

}  // namespace hearth::cli
